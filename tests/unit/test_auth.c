// SPDX-License-Identifier: MIT
#include "oci/auth.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "codec/base64.h"
#include "oci/credential_helper.h"
#include "os/file.h"
#include "tap.h"

/* The challenges of a header as one line: "B" bearer, "b" basic, "?" other, then what is known. */
static char *show(const char *header)
{
	struct challenges c = { 0 };
	struct str s = { 0 };
	bool good = challenges_parse(header, &c);

	for (int i = 0; i < c.count; i++) {
		const struct challenge *v = &c.items[i];

		str_addf(&s, "%s%c", i ? " " : "", "?bB"[v->scheme]);
		str_addf(&s, "%s%s%s%s%s%s", v->realm ? " r=" : "", v->realm ? v->realm : "",
		         v->service ? " s=" : "", v->service ? v->service : "",
		         v->scope ? " c=" : "", v->scope ? v->scope : "");
	}
	str_addf(&s, "%s", good ? "" : " malformed");
	challenges_release(&c);
	return str_steal(&s);
}

static const struct {
	const char *header, *want;
} headers[] = {
	{ "Bearer realm=\"https://a/t\",service=\"s\",scope=\"repository:a/b:pull,push\"",
	  "B r=https://a/t s=s c=repository:a/b:pull,push" },
	{ "bearer REALM=\"x\" , Service=y", "B r=x s=y" },
	{ "Basic realm=\"a \\\"b\\\" c, Bearer realm=d\"", "b r=a \"b\" c, Bearer realm=d" },
	{ "Basic", "b" },
	{ "Negotiate, Basic realm=x", "? b r=x" },
	{ "NTLM TlRMTVNTUAAB==, Bearer realm=\"x\"", "? B r=x" },
	{ "Digest realm=\"a\", nonce=\"b\", Basic realm=\"c\"", "? r=a b r=c" },
	{ "Bearer realm = \"x\"", "B r=x" },
	{ "Bearer realm=\"\"", "B r=" },
	{ "Bearer realm=\"a\",realm=\"b\"", "B r=a" },
	{ "", "" },
	{ " , ,", "" },
	{ "Bearer realm=\"x", "B r=x malformed" },
	{ "realm=\"x\"", " malformed" },
	{ "=", " malformed" },
	{ "\"", " malformed" },
	{ "a,a,a,a,a,a,a,a", "? ? ? ? ? ? ? ?" },
	{ "a,a,a,a,a,a,a,a,a", "? ? ? ? ? ? ? ? malformed" },
};

static void test_challenges(void)
{
	for (size_t i = 0; i < sizeof(headers) / sizeof(*headers); i++) {
		CLEANUP(mem_freep) char *got = show(headers[i].header);

		is_str(got, headers[i].want, "challenge: %s", headers[i].header);
	}
}

/* "user:password", "identity", "helper", "none" or the class of the error */
static char *find(const char *config, const char *image)
{
	static const char file[] = "/tmp/nodelift-test-config.json";
	struct credentials c = { 0 };
	struct reference r;
	struct err e = { 0 };
	char *text;

	if (reference_parse(&e, image, &r) < 0 ||
	    file_replace(&e, file, config, strlen(config), 0600) < 0)
		return mem_dup(e.msg);
	if (credentials_find(&e, file, NULL, &r, &c) < 0)
		text = mem_dup(err_table[e.code].name);
	else if (c.username)
		text = mem_printf("%s:%s", c.username, c.password);
	else
		text = mem_dup(c.identity_token ? c.identity_token : c.helper ? c.helper : "none");
	credentials_release(&c);
	reference_release(&r);
	unlink(file);
	return text;
}

#define U "{\"auth\":\"dTpw\"}" /* u:p */
#define V "{\"username\":\"v\",\"password\":\"q:r\"}"

static const struct {
	const char *config, *image, *want;
} configs[] = {
	{ "{\"auths\":{\"r.io\":" U "}}", "r.io/a", "u:p" },
	{ "{\"auths\":{\"r.io\":" V "}}", "r.io/a", "v:q:r" },
	{ "{\"auths\":{\"https://r.io\":" U "}}", "r.io/a", "u:p" },
	{ "{\"auths\":{\"https://r.io/v1/\":" U "}}", "r.io/a", "u:p" },
	{ "{\"auths\":{\"r.io/v2/\":" U "}}", "r.io/a", "u:p" },
	{ "{\"auths\":{\"r.io\":" U "}}", "r.io:5000/a", "none" },
	{ "{\"auths\":{\"r.io:5000\":" U "}}", "r.io:5000/a", "u:p" },
	{ "{\"auths\":{\"r.io\":" U "}}", "x.r.io/a", "none" },
	{ "{\"auths\":{\"r.io.evil\":" U "}}", "r.io/a", "none" },
	{ "{\"auths\":{\"https://index.docker.io/v1/\":" U "}}", "docker:28", "u:p" },
	{ "{\"auths\":{\"docker.io\":" U "}}", "docker:28", "u:p" },
	{ "{\"auths\":{\"https://index.docker.io/v1/\":" U "}}", "r.io/a", "none" },
	{ "{\"auths\":{\"r.io\":" U ",\"r.io/ns\":" V "}}", "r.io/ns/a", "v:q:r" },
	{ "{\"auths\":{\"r.io\":" U ",\"r.io/ns\":" V "}}", "r.io/nsx/a", "u:p" },
	{ "{\"auths\":{\"r.io\":{\"identitytoken\":\"it\"}}}", "r.io/a", "it" },
	{ "{\"auths\":{\"r.io\":{}},\"credsStore\":\"x\"}", "r.io/a", "x" },
	{ "{\"credHelpers\":{\"r.io\":\"y\"},\"credsStore\":\"x\"}", "r.io/a", "y" },
	{ "{}", "r.io/a", "none" },
	{ "", "r.io/a", "none" },
	{ "{\"auths\":[]}", "r.io/a", "none" },
	{ "[", "r.io/a", "usage" },
	{ "{\"auths\":{\"r.io\":{\"auth\":\"!\"}}}", "r.io/a", "usage" },
	{ "{\"auths\":{\"r.io\":{\"auth\":\"dXA=\"}}}", "r.io/a", "usage" },
	{ "{\"auths\":{\"r.io\":" U ",\"r.io\":" V "}}", "r.io/a", "usage" },
};

static void test_credentials(void)
{
	struct credentials c;
	struct reference r;
	struct err e;

	for (size_t i = 0; i < sizeof(configs) / sizeof(*configs); i++) {
		CLEANUP(mem_freep) char *got = find(configs[i].config, configs[i].image);

		is_str(got, configs[i].want, "%s for %s", configs[i].config, configs[i].image);
	}
	if (reference_parse(&e, "r.io/a", &r) < 0)
		return;
	setenv("DOCKER_CONFIG", "/nonexistent", 1);
	is_int(credentials_find(&e, NULL, NULL, &r, &c), 0, "no file in the usual place");
	ok(credentials_none(&c), "... is no error");
	credentials_release(&c);
	ok(credentials_find(&e, "/nonexistent", NULL, &r, &c) < 0 && e.code == ERR_USAGE,
	   "no file that was named");
	reference_release(&r);
}

/* "ENTRY SERVER": which entry of `helpers` allows the one that the configuration names, and whom it is asked for */
static char *allow(const char *config, const char *const *helpers, const char *image)
{
	static const char file[] = "/tmp/nodelift-test-helpers.json";
	struct credentials c = { 0 };
	struct reference r;
	struct err e = { 0 };
	char *text;

	if (reference_parse(&e, image, &r) < 0 ||
	    file_replace(&e, file, config, strlen(config), 0600) < 0)
		return mem_dup(e.msg);
	if (credentials_find(&e, file, helpers, &r, &c) < 0)
		text = mem_dup(e.msg);
	else
		text = mem_printf("%s %s", c.program ? c.program : "none",
		                  c.server ? c.server : "nobody");
	credentials_release(&c);
	reference_release(&r);
	unlink(file);
	return text;
}

static void test_helpers(void)
{
	static const char *const list[] = { "y", "/opt/docker-credential-x", NULL };
	static const struct {
		const char *config, *image, *want;
	} cases[] = {
		{ "{\"credsStore\":\"y\"}", "r.io:5000/a", "y r.io:5000" },
		{ "{\"credsStore\":\"x\"}", "r.io/a", "/opt/docker-credential-x r.io" },
		{ "{\"credsStore\":\"x\"}", "docker:28",
		  "/opt/docker-credential-x https://index.docker.io/v1/" },
		{ "{\"credsStore\":\"z\"}", "r.io/a", "none r.io" },
		{ "{\"credsStore\":\"/opt/docker-credential-x\"}", "r.io/a", "none r.io" },
		{ "{\"credHelpers\":{\"q.io\":\"y\"}}", "r.io/a", "none nobody" },
	};
	static const char *const good[] = { "ecr-login", "a", "A_b.9", "/x/docker-credential-a" };
	static const char *const bad[] = { "",        "-a",   ".a",
		                           "a b",     "a/b",  "/x/docker-credential-",
		                           "/bin/sh", "../a", "x/docker-credential-a",
		                           "a\n",     "a;b",  "/x/docker-credential-a/b" };

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CLEANUP(mem_freep) char *got = allow(cases[i].config, list, cases[i].image);

		is_str(got, cases[i].want, "%s for %s", cases[i].config, cases[i].image);
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		ok(credential_helper_valid(good[i]), "helper '%s'", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ok(!credential_helper_valid(bad[i]), "no helper: %zu", i);
}

static void test_base64(void)
{
	static const char *const pairs[][2] = { { "", "" },
		                                { "f", "Zg==" },
		                                { "fo", "Zm8=" },
		                                { "foo", "Zm9v" },
		                                { "foob", "Zm9vYg==" } };
	static const char *const bad[] = { "Z",        "Zg=",  "Zg===", "Z===",  "====",   "=",
		                           "Zg==Zg==", "Zh==", "Zm9",   "Zm 9v", "Zm9v\n", "Z-_=" };

	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
		struct str coded = { 0 }, plain = { 0 };

		base64_encode(pairs[i][0], strlen(pairs[i][0]), &coded);
		is_str(coded.s ? coded.s : "", pairs[i][1], "encode '%s'", pairs[i][0]);
		ok(base64_decode(pairs[i][1], &plain), "decode it");
		is_str(plain.s ? plain.s : "", pairs[i][0], "... back");
		str_release(&coded);
		str_release(&plain);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct str plain = { 0 };

		ok(!base64_decode(bad[i], &plain), "refused: '%s'", bad[i]);
		str_release(&plain);
	}
}

int main(void)
{
	test_challenges();
	test_credentials();
	test_helpers();
	test_base64();
	return done_testing();
}
