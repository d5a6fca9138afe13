// SPDX-License-Identifier: MIT
#include "oci/insecure.h"
#include "tap.h"

static const char *const list[] = { "r.test:5000",    "http://plain.test", "10.1.0.0/16",
	                            "192.0.2.128/25", "fd00::/8",          "198.51.100.7/32" };

static const struct {
	const char *host;
	bool insecure;
} hosts[] = {
	{ "r.test:5000", true },     { "R.TEST:5000", true },     { "r.test", false },
	{ "r.test:5001", false },    { "plain.test", true },      { "plain.test:80", false },
	{ "10.1.2.3", true },        { "10.1.2.3:5000", true },   { "10.2.0.0:5000", false },
	{ "192.0.2.127", false },    { "192.0.2.128", true },     { "192.0.3.128", false },
	{ "[fd12::1]:5000", true },  { "[fe80::1]:5000", false }, { "198.51.100.7:1", true },
	{ "198.51.100.6:1", false }, { "127.0.0.1:5000", false }, /* not by itself */
};

static const char *const bad[] = {
	"",          "a b",         "a/b", "10.0.0.0/33", "10.0.0.0/", "10.0.0/8", "fd00::/129",
	"a:0",       "a:65536",     "a:x", "ftp://a",     "u@a",       "a?b",      "http://",
	"http://a/", "10.0.0.0/-1", "/8",  "10.0.0.0/8x", "a#b",
};

int main(void)
{
	struct insecure l = { 0 };
	struct err e;

	for (size_t i = 0; i < sizeof(list) / sizeof(*list); i++)
		ok(insecure_add(&e, &l, list[i]) == 0, "taken: %s", list[i]);
	for (size_t i = 0; i < sizeof(hosts) / sizeof(*hosts); i++)
		is_int(insecure_has(&l, hosts[i].host), hosts[i].insecure, "%s", hosts[i].host);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ok(insecure_add(&e, &l, bad[i]) < 0 && e.code == ERR_USAGE, "refused: '%s'",
		   bad[i]);
	insecure_release(&l);
	ok(!insecure_has(&l, "r.test:5000"), "an empty list has nothing");
	return done_testing();
}
