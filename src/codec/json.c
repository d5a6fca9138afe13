/* SPDX-License-Identifier: MIT */
#include "codec/json.h"

#include <cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"

#define INT_MAX_EXACT 9007199254740992.0 /* 2^53: whole numbers are exact up to here */

static cJSON *c(const struct json *v)
{
	return (cJSON *)(uintptr_t)v;
}

static struct json *j(const cJSON *v)
{
	return (struct json *)(uintptr_t)v;
}

static struct json *made(cJSON *v)
{
	if (!v)
		mem_alloc(SIZE_MAX / 2); /* out of memory: ends here */
	return j(v);
}

static int line_of(const char *text, const char *at)
{
	int line = 1;

	for (; text < at; text++)
		line += *text == '\n';
	return line;
}

/* A string ends for us at the first NUL, for others it goes on: "layers\u0000x" is no "layers". */
static bool has_nul(const char *text, size_t len)
{
	if (strlen(text) != len)
		return true;
	/* A backslash stands in strings only, and one behind another is a character of its own. */
	for (const char *p = strchr(text, '\\'); p && p[1]; p = strchr(p + 2, '\\'))
		if (strncmp(p, "\\u0000", 6) == 0)
			return true;
	return false;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted, for whoever writes a hundred thousand members wants them compared with each other. */
static const char *twice_in(const cJSON *object)
{
	const char *twice = NULL, **names;
	size_t count = 0, i = 0;

	for (const cJSON *m = object->child; m; m = m->next)
		if (++count > JSON_MEMBERS_MAX)
			return m->string;
	names = mem_alloc((count + 1) * sizeof(*names));
	for (const cJSON *m = object->child; m; m = m->next)
		names[i++] = m->string;
	qsort(names, count, sizeof(*names), by_name);
	for (i = 1; i < count && !twice; i++)
		if (strcmp(names[i - 1], names[i]) == 0)
			twice = names[i];
	free(names);
	return twice;
}

/* Two members of one name mean something else to every reader. */
static const char *find_twice(const cJSON *v)
{
	const char *twice = cJSON_IsObject(v) ? twice_in(v) : NULL;

	for (const cJSON *child = v->child; child && !twice; child = child->next)
		twice = find_twice(child);
	return twice;
}

/* There may be credentials in it. */
static void wipe_copy(char **copy)
{
	explicit_bzero(*copy, strlen(*copy));
	free(*copy);
}

int json_parse(struct err *e, enum err_code code, const char *name, const char *text, size_t len,
               struct json **ret)
{
	CLEANUP(wipe_copy) char *copy = mem_ndup(text, len);
	const char *end = NULL, *twice;
	cJSON *v;

	if (has_nul(copy, len))
		return err_set(e, code, "%s: contains a NUL byte", name);
	v = cJSON_ParseWithLengthOpts(copy, len + 1, &end, true);
	if (!v)
		return err_set(e, code, "%s: not JSON at line %d", name,
		               line_of(copy, end ? end : copy));
	twice = find_twice(v);
	if (twice) {
		err_set(e, code, "%s: key '%.100s' occurs twice or is one too many", name, twice);
		cJSON_Delete(v);
		return -1;
	}
	*ret = j(v);
	return 0;
}

void json_free(struct json *v)
{
	cJSON_Delete(c(v));
}

void json_freep(struct json **v)
{
	json_free(*v);
}

void json_wipe(struct json *v)
{
	for (cJSON *item = c(v); item; item = item->next) {
		if (cJSON_IsString(item))
			explicit_bzero(item->valuestring, strlen(item->valuestring));
		json_wipe(j(item->child));
	}
}

static char *printed(char *text)
{
	return text ? text : mem_alloc(SIZE_MAX / 2);
}

char *json_print(const struct json *v)
{
	return printed(cJSON_PrintUnformatted(c(v)));
}

char *json_print_pretty(const struct json *v)
{
	return printed(cJSON_Print(c(v)));
}

const struct json *json_get(const struct json *object, const char *key)
{
	return object ? j(cJSON_GetObjectItemCaseSensitive(c(object), key)) : NULL;
}

const char *json_string(const struct json *v)
{
	return v ? cJSON_GetStringValue(c(v)) : NULL;
}

const char *json_str(const struct json *object, const char *key)
{
	return json_string(json_get(object, key));
}

static bool whole(const struct json *v)
{
	double d;

	if (!v || !cJSON_IsNumber(c(v)))
		return false;
	d = c(v)->valuedouble;
	return d >= -INT_MAX_EXACT && d <= INT_MAX_EXACT && d == floor(d);
}

int64_t json_int(const struct json *object, const char *key, int64_t otherwise)
{
	const struct json *v = json_get(object, key);

	return whole(v) ? (int64_t)c(v)->valuedouble : otherwise;
}

bool json_bool(const struct json *object, const char *key, bool otherwise)
{
	const struct json *v = json_get(object, key);

	return v && cJSON_IsBool(c(v)) ? cJSON_IsTrue(c(v)) : otherwise;
}

static int wrong(struct err *e, const struct json_reader *r, const char *key, const char *what)
{
	return err_set(e, r->code, "%s: key '%s' %s", r->name, key, what);
}

int json_need(struct err *e, const struct json_reader *r, const struct json *object,
              const char *key, const struct json **ret)
{
	*ret = json_get(object, key);
	if (!*ret || cJSON_IsNull(c(*ret)))
		return wrong(e, r, key, "is missing");
	return 0;
}

int json_need_str(struct err *e, const struct json_reader *r, const struct json *object,
                  const char *key, const char **ret)
{
	const struct json *v;

	if (json_need(e, r, object, key, &v) < 0)
		return -1;
	*ret = json_string(v);
	return *ret ? 0 : wrong(e, r, key, "must be a string");
}

int json_need_int(struct err *e, const struct json_reader *r, const struct json *object,
                  const char *key, int64_t *ret)
{
	const struct json *v;

	if (json_need(e, r, object, key, &v) < 0)
		return -1;
	if (!whole(v) || c(v)->valuedouble < 0)
		return wrong(e, r, key, "must be a whole number");
	*ret = (int64_t)c(v)->valuedouble;
	return 0;
}

int json_need_array(struct err *e, const struct json_reader *r, const struct json *object,
                    const char *key, const struct json **ret)
{
	if (json_need(e, r, object, key, ret) < 0)
		return -1;
	return json_is_array(*ret) ? 0 : wrong(e, r, key, "must be an array");
}

int json_each_str(struct err *e, const struct json_reader *r, const struct json *object,
                  const char *key, int (*take)(struct err *e, const char *text, void *ctx),
                  void *ctx)
{
	const struct json *list = NULL;

	if (json_get(object, key) && json_need_array(e, r, object, key, &list) < 0)
		return -1;
	for (const struct json *v = json_first(list); v; v = json_next(v)) {
		if (!json_string(v))
			return wrong(e, r, key, "must hold strings");
		if (take(e, json_string(v), ctx) < 0)
			return err_wrap(e, "%s: key '%s'", r->name, key);
	}
	return 0;
}

int json_need_object(struct err *e, const struct json_reader *r, const struct json *object,
                     const char *key, const struct json **ret)
{
	if (json_need(e, r, object, key, ret) < 0)
		return -1;
	return json_is_object(*ret) ? 0 : wrong(e, r, key, "must be an object");
}

int json_only(struct err *e, const struct json_reader *r, const struct json *object,
              const char *const *keys)
{
	for (const struct json *v = json_first(object); v; v = json_next(v)) {
		const char *const *key = keys;

		while (*key && strcmp(*key, json_key(v)) != 0)
			key++;
		if (!*key)
			return wrong(e, r, json_key(v), "is not known here");
	}
	return 0;
}

bool json_is_object(const struct json *v)
{
	return v && cJSON_IsObject(c(v));
}

bool json_is_array(const struct json *v)
{
	return v && cJSON_IsArray(c(v));
}

int json_length(const struct json *v)
{
	return v ? cJSON_GetArraySize(c(v)) : 0;
}

const char *json_key(const struct json *member)
{
	return c(member)->string;
}

bool json_is_bool(const struct json *v)
{
	return v && cJSON_IsBool(c(v));
}

const struct json *json_first(const struct json *v)
{
	return v ? j(c(v)->child) : NULL;
}

const struct json *json_next(const struct json *v)
{
	return j(c(v)->next);
}

struct json *json_object(void)
{
	return made(cJSON_CreateObject());
}

struct json *json_array(void)
{
	return made(cJSON_CreateArray());
}

struct json *json_new_str(const char *s)
{
	return made(cJSON_CreateString(s));
}

struct json *json_new_int(int64_t value)
{
	return made(cJSON_CreateNumber((double)value));
}

struct json *json_new_bool(bool value)
{
	return made(cJSON_CreateBool(value));
}

struct json *json_copy(const struct json *v)
{
	return made(cJSON_Duplicate(c(v), true));
}

void json_set(struct json *object, const char *key, struct json *value)
{
	cJSON_AddItemToObject(c(object), key, c(value));
}

void json_set_str(struct json *object, const char *key, const char *value)
{
	if (value)
		json_set(object, key, json_new_str(value));
}

void json_set_int(struct json *object, const char *key, int64_t value)
{
	json_set(object, key, json_new_int(value));
}

void json_set_bool(struct json *object, const char *key, bool value)
{
	json_set(object, key, json_new_bool(value));
}

void json_unset(struct json *object, const char *key)
{
	cJSON_DeleteItemFromObjectCaseSensitive(c(object), key);
}

void json_push(struct json *array, struct json *value)
{
	cJSON_AddItemToArray(c(array), c(value));
}
