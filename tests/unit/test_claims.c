// SPDX-License-Identifier: MIT
#include "base/mem.h"
#include "oci/claims.h"
#include "tap.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

/* The tables are easier to read with single quotes. */
static int read(struct err *e, const char *text, struct claims *ret)
{
	CLEANUP(mem_freep) char *copy = mem_printf("{\"a\":%s}", text);
	CLEANUP(json_freep) struct json *doc = NULL;

	for (char *p = copy; *p; p++)
		*p = (char)(*p == '\'' ? '"' : *p);
	claims_init(ret);
	if (json_parse(e, ERR_REJECTED, "test", copy, strlen(copy), &doc) < 0)
		return -1;
	return claims_read(e, "test", doc, "a", ret);
}

static const struct {
	const char *text;
	const char *version, *channel;
	int64_t epoch, expires;
} good[] = {
	{ "null", NULL, NULL, -1, -1 },
	{ "{}", NULL, NULL, -1, -1 },
	{ "{'nodelift':'yes','version':'1','Nodelift.epoch':'x'}", NULL, NULL, -1, -1 },
	{ "{'nodelift.version':'v1.29.3+k3s1'}", "v1.29.3+k3s1", NULL, -1, -1 },
	{ "{'nodelift.channel':'rc'}", NULL, "rc", -1, -1 },
	{ "{'nodelift.epoch':'0'}", NULL, NULL, 0, -1 },
	{ "{'nodelift.epoch':'9007199254740992'}", NULL, NULL, 9007199254740992, -1 },
	{ "{'nodelift.expires':'2026-01-01T00:00:00Z'}", NULL, NULL, -1, 1767225600 },
	{ "{'nodelift.expires':'2026-01-01T00:00:00.999Z'}", NULL, NULL, -1, 1767225600 },
	{ "{'nodelift.expires':'2028-02-29T23:59:59Z'}", NULL, NULL, -1, 1835481599 },
	{ "{'nodelift.expires':'1970-01-01T00:00:00Z'}", NULL, NULL, -1, 0 },
};

static const char *const malformed[] = {
	"[]",
	"'x'",
	"5",
	"true",
	"{'nodelift.':'x'}",
	"{'nodelift.Epoch':'1'}",
	"{'nodelift.expire':'2026-01-01T00:00:00Z'}",
	"{'nodelift.epoch':1}",
	"{'nodelift.epoch':null}",
	"{'nodelift.epoch':''}",
	"{'nodelift.epoch':'-1'}",
	"{'nodelift.epoch':'+1'}",
	"{'nodelift.epoch':' 1'}",
	"{'nodelift.epoch':'1.0'}",
	"{'nodelift.epoch':'0x1'}",
	"{'nodelift.epoch':'9007199254740993'}",
	"{'nodelift.epoch':'18446744073709551616'}",
	"{'nodelift.epoch':'1','nodelift.epoch':'1'}",
	"{'nodelift.version':''}",
	"{'nodelift.version':'1 2'}",
	"{'nodelift.version':'1\\u001b[0m'}",
	"{'nodelift.version':['1']}",
	"{'nodelift.channel':'Stable'}",
	"{'nodelift.channel':'a/b'}",
	"{'nodelift.expires':''}",
	"{'nodelift.expires':'tomorrow'}",
	"{'nodelift.expires':'2026-01-01'}",
	"{'nodelift.expires':'2026-01-01 00:00:00Z'}",
	"{'nodelift.expires':'2026-01-01T00:00:00'}",
	"{'nodelift.expires':'2026-01-01T00:00:00z'}",
	"{'nodelift.expires':'2026-01-01T00:00:00+02:00'}",
	"{'nodelift.expires':'2026-01-01T00:00:00Zx'}",
	"{'nodelift.expires':'2026-01-01T00:00:00.Z'}",
	"{'nodelift.expires':' 2026-01-01T00:00:00Z'}",
	"{'nodelift.expires':'2026-1-1T00:00:00Z'}",
	"{'nodelift.expires':'2026-02-31T00:00:00Z'}",
	"{'nodelift.expires':'2027-02-29T00:00:00Z'}",
	"{'nodelift.expires':'2026-13-01T00:00:00Z'}",
	"{'nodelift.expires':'2026-01-01T24:00:00Z'}",
	"{'nodelift.expires':'2026-01-01T00:00:60Z'}",
	"{'nodelift.expires':'12026-01-01T00:00:00Z'}",
	"{'nodelift.expires':'1969-12-31T23:59:59Z'}",
	"{'nodelift.expires':1767225600}",
};

static void test_read(void)
{
	struct err e;

	for (size_t i = 0; i < COUNT(good); i++) {
		CLEANUP(claims_release) struct claims c;

		if (!ok(read(&e, good[i].text, &c) == 0, "taken: %s", good[i].text))
			note("%s", e.msg);
		is_str(c.version, good[i].version, "... version");
		is_str(c.channel, good[i].channel, "... channel");
		is_int(c.epoch, good[i].epoch, "... epoch");
		is_int(c.expires, good[i].expires, "... expires");
	}
	for (size_t i = 0; i < COUNT(malformed); i++) {
		CLEANUP(claims_release) struct claims c;

		ok(read(&e, malformed[i], &c) < 0 && e.code == ERR_REJECTED && !c.version &&
		           !c.channel && c.epoch < 0 && c.expires < 0,
		   "malformed: %s", malformed[i]);
	}
}

static const struct {
	const char *a, *b;
	const char *says; /* NULL: they agree */
	int64_t epoch, expires;
} joined[] = {
	{ "{}", "{'nodelift.epoch':'3'}", NULL, 3, -1 },
	{ "{'nodelift.epoch':'3'}", "{}", NULL, 3, -1 },
	{ "{'nodelift.epoch':'3'}", "{'nodelift.epoch':'3'}", NULL, 3, -1 },
	{ "{'nodelift.epoch':'3'}", "{'nodelift.epoch':'4'}", "its nodelift.epoch is '3' and '4'",
	  0, 0 },
	{ "{'nodelift.version':'1'}", "{'nodelift.version':'2'}",
	  "its nodelift.version is '1' and '2'", 0, 0 },
	{ "{'nodelift.channel':'rc'}", "{'nodelift.channel':'stable'}",
	  "its nodelift.channel is 'rc' and 'stable'", 0, 0 },
	{ "{'nodelift.expires':'2026-01-01T00:00:00Z'}",
	  "{'nodelift.expires':'2025-01-01T00:00:00Z'}", NULL, -1, 1735689600 },
	{ "{'nodelift.expires':'2025-01-01T00:00:00Z'}",
	  "{'nodelift.expires':'2026-01-01T00:00:00Z'}", NULL, -1, 1735689600 },
	{ "{}", "{'nodelift.expires':'2026-01-01T00:00:00Z'}", NULL, -1, 1767225600 },
};

static void test_join(void)
{
	for (size_t i = 0; i < COUNT(joined); i++) {
		CLEANUP(claims_release) struct claims a, b;
		struct err e = { 0 };
		int failed;

		if (read(&e, joined[i].a, &a) < 0 || read(&e, joined[i].b, &b) < 0) {
			ok(false, "row %zu: %s", i, e.msg);
			continue;
		}
		failed = claims_join(&e, &a, &b);
		is_str(failed ? e.msg : NULL, joined[i].says, "%s and %s", joined[i].a,
		       joined[i].b);
		if (failed)
			continue;
		is_int(a.epoch, joined[i].epoch, "... epoch");
		is_int(a.expires, joined[i].expires, "... expires");
	}
}

static void test_expiry(void)
{
	struct claims c = { .epoch = -1, .expires = 100 };
	char text[CLAIMS_TIME_MAX];

	ok(!claims_expired(&c, 99), "a second before it is good");
	ok(claims_expired(&c, 100), "at that moment it is not");
	c.expires = -1;
	ok(!claims_expired(&c, INT64_MAX), "without an expiry it is always good");
	claims_time(1767225600, text);
	is_str(text, "2026-01-01T00:00:00Z", "as text");
}

int main(void)
{
	test_read();
	test_join();
	test_expiry();
	return done_testing();
}
