/* SPDX-License-Identifier: MIT */
/* str: a string that grows. {0} is the empty one; `s` is NULL until something was added. */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct str {
	char *s; /* NUL-terminated */
	size_t len, cap;
};

void str_add(struct str *s, const void *data, size_t len);
void str_addf(struct str *s, const char *fmt, ...) PRINTF(2, 3);
void str_drop(struct str *s, size_t n); /* the first n bytes */
char *str_steal(struct str *s);         /* the caller frees; never NULL */
void str_release(struct str *s);
void str_wipe(struct str *s); /* the same for a secret: its memory is cleared */

bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);
/* Shell-like match with '*' and '?', over the whole of s; '/' is an ordinary character. */
bool str_match(const char *pattern, const char *s);

#endif
