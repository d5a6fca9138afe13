/* SPDX-License-Identifier: MIT */
/*
 * json: documents with typed getters (RFC 8259). Names are compared exactly, a name that occurs
 * twice in an object is refused, and a wrong type is an error that names the key.
 *
 * A value belongs to the document it is in; json_free() takes the root only.
 */
#ifndef CODEC_JSON_H
#define CODEC_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct json; /* any value */

/* `name` is for messages: "profile.json, line 3: ...". Fails with `code`. */
int json_parse(struct err *e, enum err_code code, const char *name, const char *text, size_t len,
               struct json **ret) MUST_USE;
void json_free(struct json *v);
void json_freep(struct json **v); /* for CLEANUP */
void json_wipe(struct json *v);   /* its texts, which were secrets; NULL: nothing */

/* Without white space, or indented for people. The caller frees. */
char *json_print(const struct json *v);
char *json_print_pretty(const struct json *v);

/* Look without complaint: NULL (or the default) when it is not there or of another type. */
const struct json *json_get(const struct json *object, const char *key);
const char *json_str(const struct json *object, const char *key);
int64_t json_int(const struct json *object, const char *key, int64_t otherwise);
bool json_bool(const struct json *object, const char *key, bool otherwise);

/* Demand: the error is `code` (from the reader) and names the key. */
struct json_reader {
	enum err_code code; /* what a malformed document means to its reader */
	const char *name;   /* of the document */
};
int json_need(struct err *e, const struct json_reader *r, const struct json *object,
              const char *key, const struct json **ret) MUST_USE; /* any type but null */
int json_need_str(struct err *e, const struct json_reader *r, const struct json *object,
                  const char *key, const char **ret) MUST_USE;
/* A whole number from 0 to 2^53. */
int json_need_int(struct err *e, const struct json_reader *r, const struct json *object,
                  const char *key, int64_t *ret) MUST_USE;
int json_need_array(struct err *e, const struct json_reader *r, const struct json *object,
                    const char *key, const struct json **ret) MUST_USE;
int json_need_object(struct err *e, const struct json_reader *r, const struct json *object,
                     const char *key, const struct json **ret) MUST_USE;
/* Gives each text of an array to take(), whose error is told with file and key. That there is no such key is no
 * error; anything else than an array of strings is. */
int json_each_str(struct err *e, const struct json_reader *r, const struct json *object,
                  const char *key, int (*take)(struct err *e, const char *text, void *ctx),
                  void *ctx) MUST_USE;
/* Every name in `object` must be in the NULL-terminated list: a misspelt key is not ignored. */
int json_only(struct err *e, const struct json_reader *r, const struct json *object,
              const char *const *keys) MUST_USE;

bool json_is_object(const struct json *v);
bool json_is_array(const struct json *v);
bool json_is_bool(const struct json *v);
const char *json_string(const struct json *v); /* NULL when it is not a string */
int json_length(const struct json *v);
const char *json_key(const struct json *member); /* the name under which it stands in its object */
/* First and next child of an array or object: for (v = json_first(a); v; v = json_next(v)) */
const struct json *json_first(const struct json *v);
const struct json *json_next(const struct json *v);

/* Building. The setters take ownership of `value`, copy strings, and replace nothing. */
struct json *json_object(void);
struct json *json_array(void);
struct json *json_new_str(const char *s);
struct json *json_new_int(int64_t value);
struct json *json_new_bool(bool value);
struct json *json_copy(const struct json *v);
void json_set(struct json *object, const char *key, struct json *value);
void json_set_str(struct json *object, const char *key, const char *value); /* NULL: nothing */
void json_set_int(struct json *object, const char *key, int64_t value);
void json_set_bool(struct json *object, const char *key, bool value);
void json_unset(struct json *object, const char *key); /* that it is not there is no error */
void json_push(struct json *array, struct json *value);

#endif
