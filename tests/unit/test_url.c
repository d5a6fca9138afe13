// SPDX-License-Identifier: MIT
#include "net/url.h"

#include <stdlib.h>

#include "base/mem.h"
#include "net/retry.h"
#include "tap.h"

static const struct {
	const char *text, *host;
	int port;
	const char *rest;
} good[] = {
	{ "https://r.io", "r.io", 443, "/" },
	{ "HTTPS://R.io/", "r.io", 443, "/" },
	{ "http://r.io:5000/a?b#c", "r.io", 5000, "/a?b" },
	{ "http://[::1]:80/x", "::1", 80, "/x" },
	{ "https://r.io?q=http://b", "r.io", 443, "?q=http://b" },
	{ "https://r.io#x", "r.io", 443, "/" },
};

static const char *const bad[] = {
	"",
	"r.io",
	"ftp://r.io",
	"file:///etc/passwd",
	"https://",
	"https:///a",
	"https://u@r.io/",
	"https://u:p@r.io/",
	"https://good\\@evil/",
	"https://r.io:/",
	"https://r.io:0/",
	"https://r.io:65536/",
	"https://r.io:80a/",
	"https://r.io /",
	"https://r.io/a b",
	"https://r.io/\n",
	"https://r.io/\x7f",
	"https://[::1/",
	"https://[]/",
	"https://[x]/",
	"https://r.io\\a",
	"https://\xc3\xa9.io/",
	"javascript:x",
	"http:/r.io",
	"https://r%2eio/",
};

static const struct {
	const char *base, *location, *want; /* NULL: refused */
} moves[] = {
	{ "https://a:1/v2/x?q", "https://b/y", "https://b/y" },
	{ "https://a:1/v2/x?q", "//b/y", "https://b/y" },
	{ "https://a:1/v2/x?q", "/y", "https://a:1/y" },
	{ "https://a:1/v2/x?q", "y?z=/:", "https://a:1/v2/y?z=/:" },
	{ "https://a:1/v2/x?q", "?r", "https://a:1/v2/x?r" },
	{ "http://[::1]:5/x", "/y", "http://[::1]:5/y" },
	{ "https://a/x", "ftp://b/y", NULL },
	{ "https://a/x", "file:///y", NULL },
	{ "https://a/x", "//u@b/y", NULL },
	{ "https://a/x", "/y z", NULL },
};

static void test_parse(void)
{
	struct url u, v;
	struct err e;

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		if (!ok(url_parse(&e, good[i].text, &u) == 0, "%s", good[i].text))
			continue;
		is_str(u.host, good[i].host, "host");
		is_int(u.port, good[i].port, "port");
		is_str(u.rest, good[i].rest, "rest");
		url_release(&u);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ok(url_parse(&e, bad[i], &u) < 0, "refused: number %zu", i);
	if (url_parse(&e, "https://a/x", &u) < 0 || url_parse(&e, "https://A:443/y", &v) < 0)
		return;
	ok(url_same_origin(&u, &v), "one origin");
	v.https = false;
	ok(!url_same_origin(&u, &v), "another scheme is another");
	v.https = true;
	v.port = 444;
	ok(!url_same_origin(&u, &v), "another port is another");
	url_release(&u);
	url_release(&v);
}

static void test_resolve(void)
{
	struct err e;

	for (size_t i = 0; i < sizeof(moves) / sizeof(*moves); i++) {
		CLEANUP(mem_freep) char *got = NULL;
		int failed = url_resolve(&e, moves[i].base, moves[i].location, &got);

		is_str(failed < 0 ? NULL : got, moves[i].want, "%s to %s", moves[i].base,
		       moves[i].location);
	}
}

static bool loopback(const char *text)
{
	struct url u;
	struct err e;
	bool is;

	if (url_parse(&e, text, &u) < 0)
		return false;
	is = url_is_loopback(&u);
	url_release(&u);
	return is;
}

static int64_t after(const char *header)
{
	struct http_response r = { 0 };
	int64_t seconds;

	str_addf(&r.headers, "Date: x\nX-Retry-After: 7\n%s\n", header);
	seconds = http_retry_after(&r);
	http_response_release(&r);
	return seconds;
}

int main(void)
{
	struct str query = { 0 };

	test_parse();
	test_resolve();
	ok(loopback("http://localhost:1/") && loopback("http://127.9.9.9/") &&
	           loopback("http://[::1]/"),
	   "loopback");
	ok(!loopback("http://127.0.0.1.evil.io/") && !loopback("http://localhost.evil/") &&
	           !loopback("http://r/"),
	   "not loopback");
	url_add_query(&query, "a", "b c&d=/\xc3\xa9~");
	url_add_query(&query, "e", "");
	is_str(query.s, "a=b%20c%26d%3D%2F%C3%A9~&e=", "a query");
	str_release(&query);
	is_int(after("Retry-After: 5"), 5, "Retry-After in seconds");
	is_int(after("retry-after:5"), 5, "... in lower case");
	is_int(after("Retry-After: Wed, 21 Oct 2015 07:28:00 GMT"), 0,
	       "... as a date that has passed");
	ok(after("Retry-After: Fri, 31 Dec 2100 23:59:59 GMT") > 1000000, "... as a date to come");
	is_int(after("Retry-After: 99999999999999999999"), INT32_MAX, "... for ever");
	is_int(after("Retry-After: -1"), -1, "... negative");
	is_int(after("Retry-After: soon"), -1, "... as a word");
	is_int(after(""), -1, "none");
	return done_testing();
}
