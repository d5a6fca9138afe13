// SPDX-License-Identifier: MIT
#include "tap.h"
#include "upgrade/version.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

/* Each line from the oldest to the newest; "=" stands before one that is as old as the one before it. */
static const char *const orders[][16] = {
	{ "1.13.1", "17.03.0-ce", "17.03.1", "17.06.0-ce-rc1", "17.06.0-ce-rc10", "17.06.1-ce",
	  "17.06.1-ce-azure1", "17.06.1-ce-azure2", "18.03.1-ce", "18.09.2", "20.10.24+dfsg1",
	  "23.0.0", "26.1.5+dfsg1", "28.0.0-rc.1", "28.5.2", NULL },
	/* Semantic Versioning 2.0.0, 11.4 */
	{ "1.0.0-0.3.7", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta",
	  "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0-x.7.z.92", "1.0.0",
	  "=1.0.0+20130313", "1.0.1-0", "1.0.1", "1.1.0", "2.0.0", NULL },
	{ "1.0.0-9", "1.0.0-10", "1.0.0-99999999999999999998", "1.0.0-99999999999999999999",
	  "1.0.0-a", "1.0.0-aa", "1.0.0-b", NULL },
	{ "19.03.0-beta1", "=19.03.0-beta.1", "19.03.0-beta2", "19.03.0-beta10", "19.03.0-rc1",
	  "19.03.0-tp1", "19.03.0", NULL },
	{ "20.10.24~rc1", "=20.10.24-rc1", "20.10.24~ce", "=20.10.24", "=20.10.24+dfsg1",
	  "=20.10.24+dfsg2", "=v20.10.24", "20.10.25", NULL },
	{ "17.03", "=17.3", "=17.03.0", "=17.03.0-ce", "17.03.1", NULL },
	{ "17.06.2-ee-1-rc1", "17.06.2-ee-9", "17.06.2-ee-16", "=17.06.2-ee16", "17.06.2-ee-17",
	  "18.03.1-ee-1", NULL },
	{ "1.13.1-cs9", "1.13.1-cs10", "1.13.2", NULL },
	{ "v1.29.3-rc1+k3s1", "=v1.29.3-rc1-k3s1", "v1.29.3-rc2+k3s1", "v1.29.3+k3s1",
	  "=v1.29.3-k3s1", "v1.29.3+k3s2", "v1.29.3+k3s10", "v1.29.4+k3s1", NULL },
	{ "v1.28.8+rke2r1", "v1.28.8+rke2r2", "v1.29.0+rke2r1", NULL },
	{ "v1.29.3", "=v1.29.3+k3s2", "v1.29.4+k3s1", NULL },
	{ "v3.27.0", "v3.27.2", "v3.27.10", "v3.28.0-0.dev", "v3.28.0", NULL },
	{ "28-rc-dind", "28-dind", "=28", "=28.0.0", "28.0.0.1", NULL },
};

static void order_is(const char *a, const char *b, int want)
{
	struct err e = { 0 };
	int order = 99, back = 99;

	if (version_compare(&e, a, b, &order) < 0 || version_compare(&e, b, a, &back) < 0)
		note("%s", e.msg);
	is_int(order, want, "%s %s %s", a, want < 0 ? "is older than" : "is as old as", b);
	is_int(back, -want, "... and the other way round");
}

static void test_orders(void)
{
	for (size_t i = 0; i < COUNT(orders); i++) {
		for (size_t k = 1; orders[i][k]; k++) {
			const char *a = orders[i][k - 1], *b = orders[i][k];

			order_is(a + (*a == '='), b + (*b == '='), *b == '=' ? 0 : -1);
		}
		/* what is far apart, too */
		for (size_t k = 2; orders[i][k]; k++) {
			const char *last = orders[i][k];

			if (*last != '=')
				order_is(orders[i][0], last, -1);
		}
	}
}

static const char *const none[] = {
	"",
	"v",
	"latest",
	"edge",
	"stable",
	"dev",
	"library-import",
	"1.",
	".1",
	"1..2",
	"1.2.3.4.5",
	"1.2.3-",
	"1.2.3-rc.",
	"1.2.3-.rc",
	"1.2.3-a..b",
	"1.2.3+",
	"1.2.3+a+b",
	"1.2.3_4",
	"1.2.3 ",
	" 1.2.3",
	"1.2.3\n",
	"5:26.1.5",
	"1.2.x",
	"vv1.2",
	"V1.2.3",
	"-1.2.3",
	"1.2.3-ce-ee-1",
	"1.2.3-ee-",
	"1.2.3~",
	"9999999999.1",
	"1.2.3-ee9999999999",
	"1.2.3+k3s9999999999x/y",
	"deadbeef",
	"0x10",
};

static void test_none(void)
{
	struct version v;
	struct err e;
	int order;

	for (size_t i = 0; i < COUNT(none); i++) {
		ok(version_parse(&e, none[i], &v) < 0 && e.code == ERR_REJECTED,
		   "'%s' is no version", none[i]);
		ok(version_compare(&e, none[i], "1.0.0", &order) < 0 &&
		           version_compare(&e, "1.0.0", none[i], &order) < 0,
		   "... and is compared with none");
	}
}

static void test_incomparable(void)
{
	static const char *const pairs[][2] = {
		{ "17.06.2-ce", "17.06.2-ee-16" },
		{ "17.06.2", "17.06.2-ee-16" },
		{ "1.13.1", "1.13.1-cs9" },
		{ "v1.29.3+k3s1", "v1.29.3+rke2r1" },
	};
	struct err e;
	int order;

	for (size_t i = 0; i < COUNT(pairs); i++)
		ok(version_compare(&e, pairs[i][0], pairs[i][1], &order) < 0 &&
		           e.code == ERR_REJECTED,
		   "%s and %s cannot be compared", pairs[i][0], pairs[i][1]);
}

static void test_long(void)
{
	char text[VERSION_MAX + 2] = "1.2.3-";
	struct version v;
	struct err e;

	memset(text + 6, 'a', VERSION_MAX - 6);
	ok(version_parse(&e, text, &v) == 0, "%d characters are a version", VERSION_MAX);
	text[VERSION_MAX] = 'a';
	ok(version_parse(&e, text, &v) < 0, "one more are none");
	text[VERSION_MAX] = '\0';
	for (int i = 6; i + 4 <= VERSION_MAX; i += 4)
		memcpy(text + i, "rc1.", 4);
	memcpy(text + VERSION_MAX - 4, "rc1", 4);
	ok(version_parse(&e, text, &v) < 0, "nor is what has no room in its other form");
}

static void test_releases(void)
{
	static const struct {
		const char *version, *release;
		bool is;
	} cases[] = {
		{ "20.10.24+dfsg1", "20.10", true }, { "20.10.24", "20.1", false },
		{ "20.10.24", "20", true },          { "20.10.24", "20.10.24", true },
		{ "20.10.24", "20.10.25", false },   { "23.0.0-rc.1", "23.0", true },
		{ "17.03.1-ce", "17.3", true },      { "v1.29.3+k3s1", "1.29", true },
	};
	struct version v, r;
	struct err e;

	for (size_t i = 0; i < COUNT(cases); i++)
		ok(version_parse(&e, cases[i].version, &v) == 0 &&
		           version_parse(&e, cases[i].release, &r) == 0 &&
		           version_is_of(&v, &r) == cases[i].is,
		   "%s is %sof %s", cases[i].version, cases[i].is ? "" : "not ", cases[i].release);
}

static void test_channels(void)
{
	static const struct {
		const char *text, *channel;
	} cases[] = {
		{ "28.5.2", NULL },
		{ "28-dind", NULL },
		{ "28-dind-alpine3.22", NULL },
		{ "latest", NULL },
		{ "28.5.2+dfsg1", NULL },
		{ "testing", NULL },
		{ "17.06.1-ce-azure1", NULL },
		{ "edges", NULL },
		{ "edge", "edge" },
		{ "28-rc-dind", "rc" },
		{ "test-dind", "test" },
		{ "28.0.0-rc.1", "rc" },
		{ "28.0.0-rc1", "rc" },
		{ "19.03.0-beta2", "beta" },
		{ "v1.30.0-alpha.3+k3s1", "alpha" },
		{ "nightly_2026", "nightly" },
		{ "18.09.0-tp1", "tp" },
		{ "master-dev", "dev" },
		{ "20.10.0~rc1", "rc" },
		{ "17.06.0-ce-rc1", "rc" },
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		is_str(version_channel(cases[i].text), cases[i].channel, "channel of '%s'",
		       cases[i].text);
}

static void test_texts(void)
{
	ok(version_same("26.1.5", "26.1.5+dfsg1"), "build metadata does not count");
	ok(version_same("v1.29.3+k3s1", "1.29.3"), "a leading v does not count");
	ok(!version_same("26.1.5", "26.1.50"), "26.1.5 is not 26.1.50");
	ok(!version_same("26.1.5", "26.1.5-rc1"), "a release candidate is not the release");
	ok(!version_same("", ""), "nothing is no version");
	ok(version_is_said("Docker version 20.10.24+dfsg1, build 297e128\n", "20.10.24"),
	   "as dockerd says it");
	ok(version_is_said("containerd github.com/containerd/containerd v1.7.24 abc", "1.7.24"),
	   "with a v");
	ok(!version_is_said("Docker version 20.10.24, build 26.1.5x", "26.1.5"),
	   "only whole words");
	ok(!version_is_said("", "1"), "nothing said");
}

int main(void)
{
	test_orders();
	test_none();
	test_incomparable();
	test_long();
	test_releases();
	test_channels();
	test_texts();
	return done_testing();
}
