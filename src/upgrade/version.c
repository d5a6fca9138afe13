/* SPDX-License-Identifier: MIT */
#include "upgrade/version.h"

#include <ctype.h>
#include <string.h>

/* The part that counts: from *start, the returned number of characters. */
static size_t core(const char *word, size_t len, const char **start)
{
	const char *plus;

	*start = word;
	if (len > 1 && word[0] == 'v' && isdigit((unsigned char)word[1])) {
		(*start)++;
		len--;
	}
	plus = memchr(*start, '+', len);
	return plus ? (size_t)(plus - *start) : len;
}

static bool same(const char *a, size_t a_len, const char *b, size_t b_len)
{
	a_len = core(a, a_len, &a);
	b_len = core(b, b_len, &b);
	return a_len > 0 && a_len == b_len && memcmp(a, b, a_len) == 0;
}

bool version_same(const char *a, const char *b)
{
	return same(a, strlen(a), b, strlen(b));
}

bool version_is_said(const char *output, const char *version)
{
	static const char between[] = " \t\r\n,;:()\"'";

	while (*(output += strspn(output, between))) {
		size_t len = strcspn(output, between);

		if (same(output, len, version, strlen(version)))
			return true;
		output += len;
	}
	return false;
}
