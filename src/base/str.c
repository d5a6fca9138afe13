/* SPDX-License-Identifier: MIT */
#include "base/str.h"

#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static void reserve(struct str *s, size_t more)
{
	size_t need = s->len + more + 1;

	if (need <= s->cap)
		return;
	s->cap = need < 2 * s->cap ? 2 * s->cap : need;
	s->s = mem_grow(s->s, s->cap, 1);
}

void str_add(struct str *s, const void *data, size_t len)
{
	reserve(s, len);
	if (len)
		memcpy(s->s + s->len, data, len);
	s->len += len;
	s->s[s->len] = '\0';
}

void str_addf(struct str *s, const char *fmt, ...)
{
	CLEANUP(mem_freep) char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = mem_vprintf(fmt, ap);
	va_end(ap);
	str_add(s, text, strlen(text));
}

void str_drop(struct str *s, size_t n)
{
	if (!n)
		return;
	memmove(s->s, s->s + n, s->len - n + 1);
	s->len -= n;
}

char *str_steal(struct str *s)
{
	char *text = s->s ? s->s : mem_dup("");

	*s = (struct str){ 0 };
	return text;
}

void str_release(struct str *s)
{
	free(s->s);
	*s = (struct str){ 0 };
}

void str_wipe(struct str *s)
{
	if (s->s)
		explicit_bzero(s->s, s->cap);
	str_release(s);
}

bool str_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool str_ends(const char *s, const char *suffix)
{
	size_t a = strlen(s), b = strlen(suffix);

	return a >= b && strcmp(s + a - b, suffix) == 0;
}

bool str_match(const char *pattern, const char *s)
{
	return fnmatch(pattern, s, 0) == 0;
}
