/* SPDX-License-Identifier: MIT */
#include "codec/toml.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

#define DIGITS "0123456789"
#define BARE DIGITS "-_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define BLANK " \t"
#define INTEGER_DIGITS 15 /* all of these are below 2^53 */

struct table {
	int parent; /* index */
	char *name;
	struct json *object; /* the document's */
	bool defined;        /* by a header of its own, not only as a part of another one's name */
};

/* The text has no NUL in it and one behind it, so looking at *p is always allowed. */
struct toml {
	struct err *e;
	enum err_code code;
	const char *name;
	const char *p;
	int line;
	int keys;             /* that were read, of all tables */
	struct table *tables; /* the first is the root */
	int count;
};

/* `subject` may be NULL. */
static int fail(struct toml *t, const char *what, const char *subject)
{
	if (!subject)
		return err_set(t->e, t->code, "%s: line %d: %s", t->name, t->line, what);
	return err_set(t->e, t->code, "%s: line %d: %s '%.100s'", t->name, t->line, what, subject);
}

/* ---- characters ---- */

/* The length of the UTF-8 sequence at p (RFC 3629), 0 when it is none. */
static size_t sequence(const unsigned char *p, size_t left)
{
	size_t len = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;

	if (len == 0 || len > left || p[0] > 0xf4)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return len;
}

static bool is_control(unsigned char c)
{
	return (c < ' ' && c != '\t') || c == 0x7f;
}

/* Everywhere: UTF-8, and no control character but tab and the end of a line. */
static int check_text(struct toml *t, const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *)text, *end = p + len;
	size_t n;

	for (; p < end; p += n) {
		n = sequence(p, (size_t)(end - p));
		if (n == 0)
			return fail(t, "not UTF-8", NULL);
		if (*p == '\n')
			t->line++;
		else if (is_control(*p) && !(*p == '\r' && p + 1 < end && p[1] == '\n'))
			return fail(t, "a control character", NULL);
	}
	t->line = 1;
	return 0;
}

static void skip_blank(struct toml *t)
{
	t->p += strspn(t->p, BLANK);
}

static void skip_comment(struct toml *t)
{
	if (*t->p == '#')
		t->p += strcspn(t->p, "\r\n");
}

static bool skip_newline(struct toml *t)
{
	if (*t->p == '\r')
		t->p++;
	if (*t->p != '\n')
		return false;
	t->p++;
	t->line++;
	return true;
}

/* What may stand between the values of an array. */
static void skip_lines(struct toml *t)
{
	do {
		skip_blank(t);
		skip_comment(t);
	} while (skip_newline(t));
}

/* After an expression: nothing more in this line. */
static int end_line(struct toml *t)
{
	skip_blank(t);
	skip_comment(t);
	if (skip_newline(t) || !*t->p)
		return 0;
	return fail(t, "what stands behind the end of this is not understood:",
	            (char[]){ *t->p, '\0' });
}

/* ---- strings and names ---- */

static void add_utf8(struct str *s, unsigned long c)
{
	char out[4];
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const unsigned char first[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	for (size_t i = n; i-- > 1; c >>= 6)
		out[i] = (char)(0x80 | (c & 0x3f));
	out[0] = (char)(first[n == 1 ? 0 : n] | c);
	str_add(s, out, n);
}

/* \uXXXX, \UXXXXXXXX; p stands behind the letter. */
static int add_unicode(struct toml *t, struct str *s, size_t digits)
{
	char hex[9] = { 0 };
	unsigned long c;

	if (strspn(t->p, DIGITS "abcdefABCDEF") < digits)
		return fail(t, "an escape that is too short", NULL);
	memcpy(hex, t->p, digits);
	t->p += digits;
	c = strtoul(hex, NULL, 16);
	if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return fail(t, "no character has the number", hex);
	add_utf8(s, c);
	return 0;
}

static int add_escape(struct toml *t, struct str *s)
{
	static const char letters[] = "btnfr\"\\", meant[] = "\b\t\n\f\r\"\\";
	char letter = *t->p;
	const char *at = letter ? strchr(letters, letter) : NULL;

	if (!at && letter != 'u' && letter != 'U')
		return fail(t, "not an escape: backslash and", (char[]){ letter, '\0' });
	t->p++;
	if (!at)
		return add_unicode(t, s, letter == 'u' ? 4 : 8);
	str_add(s, &meant[at - letters], 1);
	return 0;
}

/* p stands on the quote. */
static int read_string(struct toml *t, struct str *ret)
{
	char quote = *t->p;

	if (t->p[1] == quote && t->p[2] == quote)
		return fail(t, "strings of several lines are not read", NULL);
	str_add(ret, "", 0);
	for (t->p++; *t->p != quote;) {
		if (!*t->p || *t->p == '\n' || *t->p == '\r')
			return fail(t, "a string without an end", NULL);
		if (*t->p == '\\' && quote == '"') {
			t->p++;
			if (add_escape(t, ret) < 0)
				return -1;
		} else {
			str_add(ret, t->p++, 1);
		}
	}
	t->p++;
	return 0;
}

static int read_key(struct toml *t, struct str *ret)
{
	size_t n;

	if (++t->keys > TOML_KEYS_MAX)
		return fail(t, "too many keys", NULL);
	if (*t->p == '"' || *t->p == '\'')
		return read_string(t, ret);
	n = strspn(t->p, BARE);
	if (n == 0)
		return fail(t, "a key is missing", NULL);
	str_add(ret, t->p, n);
	t->p += n;
	return 0;
}

/* ---- values ---- */

static int read_value(struct toml *t, int depth, struct json **ret);

static int read_array(struct toml *t, int depth, struct json **ret)
{
	CLEANUP(json_freep) struct json *array = json_array();

	if (depth == TOML_DEPTH_MAX)
		return fail(t, "arrays inside each other, too many", NULL);
	t->p++;
	for (skip_lines(t); *t->p != ']'; skip_lines(t)) {
		struct json *item;

		if (read_value(t, depth + 1, &item) < 0)
			return -1;
		json_push(array, item);
		skip_lines(t);
		if (*t->p == ',')
			t->p++;
		else if (*t->p != ']')
			return fail(t, "an array without an end", NULL);
	}
	t->p++;
	*ret = STEAL(array);
	return 0;
}

/* A whole decimal number; "1_000" is one. What makes it something else stands behind it. */
static int read_integer(struct toml *t, struct json **ret)
{
	const char *start = t->p;
	bool negative = *t->p == '-';
	int64_t value = 0;
	int digits = 0;

	if (*t->p == '-' || *t->p == '+')
		t->p++;
	for (; *t->p && strchr(DIGITS "_", *t->p); t->p++) {
		if (*t->p == '_') {
			if (!digits || t->p[-1] == '_' || !t->p[1] || !strchr(DIGITS, t->p[1]))
				return fail(t, "not a number", NULL);
			continue;
		}
		if (digits == 1 && value == 0)
			return fail(t, "a number with a leading zero", NULL);
		if (++digits > INTEGER_DIGITS)
			return fail(t, "a number that is too large", NULL);
		value = value * 10 + (*t->p - '0');
	}
	if (!digits || (*t->p && strchr(BARE ".:+", *t->p))) {
		CLEANUP(mem_freep) char *text = mem_ndup(start, strcspn(start, ",]#\r\n" BLANK));

		return fail(t, "a value that is not read:", text);
	}
	*ret = json_new_int(negative ? -value : value);
	return 0;
}

static bool take_word(struct toml *t, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(t->p, word, n) != 0 || (t->p[n] && strchr(BARE, t->p[n])))
		return false;
	t->p += n;
	return true;
}

static int read_value(struct toml *t, int depth, struct json **ret)
{
	if (*t->p == '"' || *t->p == '\'') {
		CLEANUP(str_release) struct str s = { 0 };

		if (read_string(t, &s) < 0)
			return -1;
		*ret = json_new_str(s.s);
		return 0;
	}
	if (*t->p == '[')
		return read_array(t, depth, ret);
	if (*t->p == '{')
		return fail(t, "inline tables are not read", NULL);
	if (take_word(t, "true")) {
		*ret = json_new_bool(true);
		return 0;
	}
	if (take_word(t, "false")) {
		*ret = json_new_bool(false);
		return 0;
	}
	return read_integer(t, ret);
}

/* ---- tables ---- */

static int add_table(struct toml *t, int parent, const char *name)
{
	struct json *object = json_object();

	t->tables = mem_grow(t->tables, (size_t)t->count + 1, sizeof(*t->tables));
	t->tables[t->count] =
		(struct table){ .parent = parent, .name = mem_dup(name), .object = object };
	if (parent >= 0)
		json_set(t->tables[parent].object, name, object);
	return t->count++;
}

/* The table of that name in another one; made when there is none. -1: the name is taken by a value. */
static int enter(struct toml *t, int parent, const char *name)
{
	for (int i = 1; i < t->count; i++)
		if (t->tables[i].parent == parent && strcmp(t->tables[i].name, name) == 0)
			return i;
	if (json_get(t->tables[parent].object, name))
		return fail(t, "this key is no table:", name);
	return add_table(t, parent, name);
}

/* [a."b".c] */
static int read_header(struct toml *t, int *ret)
{
	int table = 0;

	t->p++;
	if (*t->p == '[')
		return fail(t, "arrays of tables are not read", NULL);
	for (;; t->p++) {
		CLEANUP(str_release) struct str key = { 0 };

		skip_blank(t);
		if (read_key(t, &key) < 0)
			return -1;
		table = enter(t, table, key.s ? key.s : "");
		if (table < 0)
			return -1;
		skip_blank(t);
		if (*t->p == '.')
			continue;
		if (*t->p != ']')
			return fail(t, "the name of a table without an end", NULL);
		if (t->tables[table].defined)
			return fail(t, "this table occurs twice:", key.s);
		break;
	}
	t->p++;
	t->tables[table].defined = true;
	*ret = table;
	return end_line(t);
}

static int read_member(struct toml *t, int table)
{
	CLEANUP(str_release) struct str key = { 0 };
	struct json *object = t->tables[table].object, *value = NULL;

	if (read_key(t, &key) < 0)
		return -1;
	skip_blank(t);
	if (*t->p == '.')
		return fail(t, "keys with dots are not read: write a table instead of", key.s);
	if (*t->p != '=')
		return fail(t, "no '=' behind the key", key.s);
	if (json_get(object, key.s))
		return fail(t, "this key occurs twice:", key.s);
	t->p++;
	skip_blank(t);
	if (read_value(t, 0, &value) < 0)
		return -1;
	json_set(object, key.s, value);
	return end_line(t);
}

static int read_document(struct toml *t)
{
	int table = 0;

	for (;;) {
		skip_lines(t);
		if (!*t->p)
			return 0;
		if ((*t->p == '[' ? read_header(t, &table) : read_member(t, table)) < 0)
			return -1;
	}
}

int toml_parse(struct err *e, enum err_code code, const char *name, const char *text, size_t len,
               struct json **ret)
{
	CLEANUP(mem_freep) char *copy = mem_ndup(text, len);
	struct toml t = { .e = e, .code = code, .name = name, .p = copy, .line = 1 };
	struct json *root;
	int failed;

	add_table(&t, -1, "");
	root = t.tables[0].object;
	failed = check_text(&t, text, len);
	if (failed == 0)
		failed = read_document(&t);
	for (int i = 0; i < t.count; i++)
		free(t.tables[i].name);
	free(t.tables);
	if (failed < 0)
		json_free(root);
	else
		*ret = root;
	return failed;
}
