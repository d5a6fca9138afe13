/* SPDX-License-Identifier: MIT */
#include "upgrade/version.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_DIGITS 9 /* fits an int */
#define SEPARATORS "-~"
#define DIGITS "0123456789"
#define ALLOWED DIGITS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.+-~"

static const char *const prerelease_words[] = { "alpha", "beta", "dev", "pre", "rc", "tp", NULL };
static const char *const channels[] = { "edge",  "test", "nightly", "rc", "beta",
	                                "alpha", "dev",  "tp",      NULL };

/* A family is what can be compared with each other. */
static const struct {
	const char *word, *family;
} editions[] = {
	{ "ce", "ce" }, { "azure", "ce" }, { "dind", "ce" }, { "ee", "ee" }, { "cs", "cs" },
};

static const char *const distributions[] = { "k3s", "rke2r", NULL };

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Is it this word, or this word and a number? */
static bool is_word_with_number(const char *s, size_t len, const char *word)
{
	size_t n = strlen(word);

	return len >= n && memcmp(s, word, n) == 0 && strspn(s + n, DIGITS) >= len - n;
}

static const char *find_word(const char *const *words, const char *s, size_t len)
{
	for (; *words; words++)
		if (is_word_with_number(s, len, *words))
			return *words;
	return NULL;
}

/* At least one digit, at most NUMBER_DIGITS. */
static bool take_number(const char **s, int *ret)
{
	size_t len = strspn(*s, DIGITS);

	if (len == 0 || len > NUMBER_DIGITS)
		return false;
	*ret = (int)strtol(*s, NULL, 10);
	*s += len;
	return true;
}

static bool take_numbers(const char **s, struct version *v)
{
	do {
		if (v->count == VERSION_NUMBERS || !take_number(s, &v->numbers[v->count]))
			return false;
		v->count++;
	} while (**s == '.' && (*s)++);
	return true;
}

/* The number at the end of a word, which may be none: "cs9", "ce". */
static bool take_last_number(const char *s, size_t len, size_t word_len, int *ret)
{
	s += word_len;
	if (len == word_len)
		return true;
	return take_number(&s, ret);
}

/* "ce", "ee-16", "ce-azure1"; *ret_bad: it cannot be compared. */
static bool take_edition(const char **s, size_t len, struct version *v, bool *ret_bad)
{
	for (size_t i = 0; i < sizeof(editions) / sizeof(*editions); i++) {
		const char *word = editions[i].word;

		if (!is_word_with_number(*s, len, word))
			continue;
		*ret_bad = *v->edition && strcmp(v->edition, editions[i].family) != 0;
		snprintf(v->edition, sizeof(v->edition), "%s", editions[i].family);
		if (!take_last_number(*s, len, strlen(word), &v->edition_number))
			*ret_bad = true;
		*s += len;
		return true;
	}
	return false;
}

static bool take_distribution(const char *s, size_t len, struct version *v)
{
	const char *word = find_word(distributions, s, len);

	/* "k3s" alone is no build of it */
	if (!word || len == strlen(word))
		return false;
	snprintf(v->distribution, sizeof(v->distribution), "%s", word);
	return take_last_number(s, len, strlen(word), &v->distribution_number);
}

/* Editions up to `end`; what is left is the prerelease. */
static bool take_editions(const char **s, const char *end, struct version *v)
{
	bool bad = false, edition_before = false;

	while (*s < end) {
		size_t len = strcspn(*s, SEPARATORS "+");

		if (edition_before && v->edition_number == 0 && strspn(*s, DIGITS) == len) {
			if (!take_number(s, &v->edition_number))
				return false;
			edition_before = false;
		} else if (take_edition(s, len, v, &bad)) {
			edition_before = true;
		} else {
			return true;
		}
		if (bad || (*s < end && ++*s == end)) /* a separator at the end */
			return false;
	}
	return true;
}

/* "rc10" becomes "rc.10", so that the number counts as one. */
static bool take_prerelease(const char *s, const char *end, struct version *v)
{
	char *out = v->prerelease, *limit = v->prerelease + sizeof(v->prerelease) - 3;

	while (s < end) {
		size_t len = strcspn(s, ".+"), left = (size_t)(end - s);
		const char *word;
		size_t head;

		if (len > left)
			len = left;
		word = find_word(prerelease_words, s, len);
		head = word ? strlen(word) : len;
		if (len == 0 || out + len >= limit)
			return false;
		memcpy(out, s, head);
		out += head;
		if (head < len)
			*out++ = '.';
		memcpy(out, s + head, len - head);
		out += len - head;
		s += len;
		if (s < end && s++ && s == end)
			return false; /* a dot at the end */
		if (s < end)
			*out++ = '.';
	}
	*out = '\0';
	return true;
}

/* What is between the numbers and '+': from `s`, which is a separator, to `end`. */
static bool take_suffix(const char *s, const char *end, struct version *v)
{
	const char *last = end - 1;

	if (!strchr(SEPARATORS, *s))
		return false;
	while (!strchr(SEPARATORS, *last))
		last--;
	if (take_distribution(last + 1, (size_t)(end - last - 1), v))
		end = last;
	if (s == end)
		return true;
	return ++s < end && take_editions(&s, end, v) && take_prerelease(s, end, v);
}

/* All of "[v]1.2.3[-...][+...]". */
static bool parse(const char *s, struct version *v)
{
	const char *end;

	if (strlen(s) > VERSION_MAX || strspn(s, ALLOWED) != strlen(s))
		return false;
	s += *s == 'v';
	if (!take_numbers(&s, v))
		return false;
	end = s + strcspn(s, "+");
	if (s < end && !take_suffix(s, end, v))
		return false;
	if (!*end)
		return true;
	end++;
	take_distribution(end, strlen(end), v);
	return *end && !strchr(end, '+');
}

int version_parse(struct err *e, const char *text, struct version *ret)
{
	*ret = (struct version){ 0 };
	if (parse(text, ret))
		return 0;
	return err_set(e, ERR_REJECTED, "'%.*s' is no version that can be compared", VERSION_MAX,
	               text);
}

/* ---- order ---- */

static int sign(int n)
{
	return (n > 0) - (n < 0);
}

/* Semantic Versioning 2.0.0, 11.4.1 to 11.4.3, for one identifier. */
static int compare_identifier(const char *a, size_t a_len, const char *b, size_t b_len)
{
	bool a_number = strspn(a, DIGITS) >= a_len, b_number = strspn(b, DIGITS) >= b_len;
	int order;

	if (a_number != b_number)
		return a_number ? -1 : 1;
	for (; a_number && a_len > 1 && *a == '0'; a_len--)
		a++;
	for (; b_number && b_len > 1 && *b == '0'; b_len--)
		b++;
	if (a_number && a_len != b_len)
		return a_len < b_len ? -1 : 1;
	order = memcmp(a, b, a_len < b_len ? a_len : b_len);
	return order ? sign(order) : (a_len > b_len) - (a_len < b_len);
}

static int compare_prerelease(const char *a, const char *b)
{
	if (!*a || !*b)
		return !*a - !*b; /* the release itself is newer */
	while (*a && *b) {
		size_t a_len = strcspn(a, "."), b_len = strcspn(b, ".");
		int order = compare_identifier(a, a_len, b, b_len);

		if (order)
			return order;
		a += a_len + (a[a_len] == '.');
		b += b_len + (b[b_len] == '.');
	}
	return !*b - !*a; /* more identifiers are newer */
}

static int compare_numbers(const struct version *a, const struct version *b)
{
	for (int i = 0; i < VERSION_NUMBERS; i++)
		if (a->numbers[i] != b->numbers[i])
			return a->numbers[i] < b->numbers[i] ? -1 : 1;
	return 0;
}

static const char *edition(const struct version *v)
{
	return *v->edition ? v->edition : "ce";
}

static bool of_one_kind(const struct version *a, const struct version *b)
{
	return strcmp(edition(a), edition(b)) == 0 &&
	       (!*a->distribution || !*b->distribution ||
	        strcmp(a->distribution, b->distribution) == 0);
}

int version_compare(struct err *e, const char *a, const char *b, int *ret)
{
	struct version x, y;

	if (version_parse(e, a, &x) < 0 || version_parse(e, b, &y) < 0)
		return -1;
	*ret = compare_numbers(&x, &y);
	if (*ret == 0)
		*ret = compare_prerelease(x.prerelease, y.prerelease);
	if (*ret)
		return 0;
	if (!of_one_kind(&x, &y))
		return err_set(e, ERR_REJECTED,
		               "'%s' and '%s' cannot be compared: they are of different editions "
		               "or distributions",
		               a, b);
	*ret = sign(x.edition_number - y.edition_number);
	if (*ret == 0 && *x.distribution && *y.distribution)
		*ret = sign(x.distribution_number - y.distribution_number);
	return 0;
}

bool version_is_of(const struct version *v, const struct version *release)
{
	for (int i = 0; i < release->count; i++)
		if (v->numbers[i] != release->numbers[i])
			return false;
	return true;
}

/* ---- channels ---- */

const char *version_channel(const char *text)
{
	static const char between[] = "-~._+";

	while (*(text += strspn(text, between))) {
		size_t len = strcspn(text, between);
		const char *found = find_word(channels, text, len);

		if (found)
			return found;
		text += len;
	}
	return NULL;
}

/* ---- as text ---- */

/* The part that counts: from *start, the returned number of characters. */
static size_t core(const char *word, size_t len, const char **start)
{
	const char *plus;

	*start = word;
	if (len > 1 && word[0] == 'v' && is_digit(word[1])) {
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
