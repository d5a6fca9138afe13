// SPDX-License-Identifier: MIT
#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "codec/toml.h"
#include "tap.h"

static char *parse(const char *text, size_t len, struct err *e)
{
	CLEANUP(json_freep) struct json *v = NULL;

	return toml_parse(e, ERR_USAGE, "f", text, len, &v) == 0 ? json_print(v) : NULL;
}

static void good(void)
{
	static const struct {
		const char *text, *json;
	} cases[] = {
		{ "", "{}" },
		{ "# only a comment", "{}" },
		{ "a = 1\r\nb = true # x\r\n", "{\"a\":1,\"b\":true}" },
		{ "a=-1_000\nb=+0\nc=false", "{\"a\":-1000,\"b\":0,\"c\":false}" },
		{ "a = 999999999999999", "{\"a\":999999999999999}" },
		{ "a = \"\"\n'b c' = 'd\\n'", "{\"a\":\"\",\"b c\":\"d\\\\n\"}" },
		{ "a = \"\\t\\\"\\\\\\u00e9\\U0001F600\"",
		  "{\"a\":\"\\t\\\"\\\\\xc3\xa9\xf0\x9f\x98\x80\"}" },
		{ "a = [ 1, # x\n [\"b\",],\n\n ]", "{\"a\":[1,[\"b\"]]}" },
		{ "\"\" = 1", "{\"\":1}" },
		{ "1 = 2\n-_ = 3", "{\"1\":2,\"-_\":3}" },
		{ "x = 1\n[a]\nx = 2\n[a.b]\nx = 3", "{\"x\":1,\"a\":{\"x\":2,\"b\":{\"x\":3}}}" },
		{ "[a.b]\nx = 3\n[a]\nx = 2", "{\"a\":{\"b\":{\"x\":3},\"x\":2}}" },
		{ " [ host . \"https://r:1\" ] # x\n\tca = 'f'",
		  "{\"host\":{\"https://r:1\":{\"ca\":\"f\"}}}" },
		{ "[h.z]\n[h.a]\n[h.m]", "{\"h\":{\"z\":{},\"a\":{},\"m\":{}}}" },
	};
	struct err e = { 0 };

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CLEANUP(mem_freep) char *json = parse(cases[i].text, strlen(cases[i].text), &e);

		is_str(json, cases[i].json, "read: %zu", i);
	}
}

static void refused(void)
{
	static const struct {
		const char *text;
		int line;
	} cases[] = {
		{ "a", 1 },
		{ "a =", 1 },
		{ "= 1", 1 },
		{ "a 1", 1 },
		{ "\na = 1 b = 2", 2 },
		{ "a = 1\na = 2", 2 },
		{ "[a]\n[a]", 2 },
		{ "a = 1\n[a]", 2 },
		{ "[a]\nb = 1\n[a.b]", 3 },
		{ "[a.b]\n[a]\nb = 1", 3 },
		{ "[a", 1 },
		{ "[a]]", 1 },
		{ "[]", 1 },
		{ "[a.]", 1 },
		{ "[a] b = 1", 1 },
		{ "[[a]]", 1 },
		{ "a.b = 1", 1 },
		{ "a = {}", 1 },
		{ "a = [1", 1 },
		{ "a = [\n1\n2]", 3 },
		{ "a = [,]", 1 },
		{ "a = \"b", 1 },
		{ "a = \"b\nc\"", 1 },
		{ "a = 'b", 1 },
		{ "a = '''b'''", 1 },
		{ "a = \"\"\"b\"\"\"", 1 },
		{ "a = \"\\x\"", 1 },
		{ "a = \"\\", 1 },
		{ "a = \"\\u12\"", 1 },
		{ "a = \"\\u0000\"", 1 },
		{ "a = \"\\ud800\"", 1 },
		{ "a = \"\\U00110000\"", 1 },
		{ "a = 01", 1 },
		{ "a = 1__0", 1 },
		{ "a = _1", 1 },
		{ "a = 1_", 1 },
		{ "a = 0x1", 1 },
		{ "a = 1.5", 1 },
		{ "a = 1e5", 1 },
		{ "a = inf", 1 },
		{ "a = 1979-05-27", 1 },
		{ "a = 1000000000000000", 1 },
		{ "a = True", 1 },
		{ "a = truely", 1 },
		{ "a = b", 1 },
		{ "\n\na = \x01", 3 },
		{ "# \x7f", 1 },
		{ "a = 1\r", 1 },
		{ "a = '\xff'", 1 },
		{ "a = '\xc0\x80'", 1 },
		{ "a = '\xed\xa0\x80'", 1 },
		{ "a = '\xf4\x90\x80\x80'", 1 },
		{ "a = '\xe2\x82'", 1 },
		{ "\xef\xbb\xbf"
		  "a = 1",
		  1 },
		{ "a = [[[[[[[[[1]]]]]]]]]", 1 },
	};
	struct err e;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char where[32];
		CLEANUP(mem_freep) char *json = NULL;

		e = (struct err){ 0 };
		snprintf(where, sizeof(where), "f: line %d: ", cases[i].line);
		json = parse(cases[i].text, strlen(cases[i].text), &e);
		ok(!json && e.code == ERR_USAGE && str_starts(e.msg, where), "refused: %zu (%s)", i,
		   json ? json : e.msg);
	}
	ok(!parse("a = 1\0b", 7, &e), "refused: a NUL byte");
}

/* Whatever is cut off or changed, it ends with a document or an error. */
static void hostile(void)
{
	static const char text[] =
		"server = \"https://r\"\n[host.\"http://m:1\"]\n ca = [\"a\", 'b']\n"
		" skip_verify = true # x\n[host.\"http://m:1\".header]\n x-a = [\"\\u00e9\"]\n";
	int documents = 0, errors = 0;
	struct err e;

	for (size_t cut = 0; cut < sizeof(text); cut++) {
		CLEANUP(mem_freep) char *json = parse(text, cut, &e);

		*(json ? &documents : &errors) += 1;
	}
	for (size_t at = 0; at < sizeof(text) - 1; at++)
		for (int bit = 0; bit < 8; bit++) {
			CLEANUP(mem_freep) char *copy = mem_dup(text);
			CLEANUP(mem_freep) char *json = NULL;

			copy[at] = (char)(copy[at] ^ (1 << bit));
			json = parse(copy, sizeof(text) - 1, &e);
			*(json ? &documents : &errors) += 1;
		}
	ok(documents > 100 && errors > 100, "%d changed texts were read, %d refused", documents,
	   errors);
}

static void limits(void)
{
	CLEANUP(str_release) struct str s = { 0 };
	CLEANUP(mem_freep) char *at_limit = NULL;
	CLEANUP(mem_freep) char *above = NULL;
	struct err e;

	for (int i = 0; i < TOML_KEYS_MAX; i++)
		str_addf(&s, "k%d = 1\n", i);
	at_limit = parse(s.s, s.len, &e);
	ok(at_limit, "as many keys as there may be");
	str_addf(&s, "k = 1\n");
	above = parse(s.s, s.len, &e);
	ok(!above, "one key more");
	mem_freep(&above);
	above = parse("a = [[[[[[[[1]]]]]]]]", 21, &e);
	ok(above, "as deep as an array may be");
}

int main(void)
{
	good();
	refused();
	hostile();
	limits();
	return done_testing();
}
