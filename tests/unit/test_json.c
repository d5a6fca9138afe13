// SPDX-License-Identifier: MIT
#include <stdlib.h>

#include "base/mem.h"
#include "codec/json.h"
#include "tap.h"

static const struct json_reader reader = { ERR_USAGE, "doc" };

static struct json *parse(const char *text, struct err *e)
{
	struct json *v = NULL;

	return json_parse(e, ERR_USAGE, "doc", text, strlen(text), &v) == 0 ? v : NULL;
}

static void refused(void)
{
	static const char *const texts[] = {
		"",
		"{",
		"{\"a\":1,}",
		"{\"a\":1} x",
		"{\"a\":1,\"a\":2}",
		"{\"b\":{\"a\":1,\"a\":1}}",
		"nul",
		"[1 2]",
	};
	struct json *v = NULL;
	struct err e;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		ok(!parse(texts[i], &e) && e.code == ERR_USAGE, "refused: %s", texts[i]);
	ok(json_parse(&e, ERR_REJECTED, "doc", "{}\0{}", 5, &v) < 0 && e.code == ERR_REJECTED,
	   "refused: a NUL byte");
	parse("{\n\"a\":\n?}", &e);
	is_str(e.msg, "doc: not JSON at line 3", "the line is named");
}

static void deep(void)
{
	char text[5001];
	struct err e;

	memset(text, '[', 5000);
	text[5000] = '\0';
	ok(!parse(text, &e), "5000 open brackets are refused, not followed");
}

static void getters(void)
{
	static const char *const known[] = { "s", "n", "b", "a", "o", NULL };
	struct err e;
	CLEANUP(json_freep)
	struct json *v = parse(
		"{\"s\":\"x\",\"n\":5,\"b\":true,\"a\":[1],\"o\":{},\"z\":null,\"f\":1.5}", &e);
	const struct json *child;
	const char *s;
	int64_t n;

	is_str(json_str(v, "s"), "x", "a string");
	is_str(json_str(v, "S"), NULL, "names are compared exactly");
	is_int(json_int(v, "n", -1), 5, "a number");
	is_int(json_int(v, "f", -1), -1, "1.5 is no whole number");
	ok(json_need_str(&e, &reader, v, "s", &s) == 0, "demand a string");
	ok(json_need_str(&e, &reader, v, "n", &s) < 0, "a number is no string");
	is_str(e.msg, "doc: key 'n' must be a string", "the key is named");
	ok(json_need_int(&e, &reader, v, "f", &n) < 0, "a fraction is no whole number");
	ok(json_need(&e, &reader, v, "z", &child) < 0, "null counts as missing");
	is_str(e.msg, "doc: key 'z' is missing", "the missing key is named");
	ok(json_need_array(&e, &reader, v, "o", &child) < 0, "an object is no array");
	ok(json_need_object(&e, &reader, v, "a", &child) < 0, "an array is no object");
	ok(json_only(&e, &reader, v, known) < 0, "an unknown key is refused");
}

int main(void)
{
	refused();
	deep();
	getters();
	return done_testing();
}
