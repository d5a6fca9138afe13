/* SPDX-License-Identifier: MIT */
#include "oci/hiding.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* FNV-1a, 64 bits: it can go on behind a prefix, so that a path and all its parents cost one pass. */
#define FNV_START 0xcbf29ce484222325ULL
#define FNV_PRIME 0x100000001b3ULL

static uint64_t step(uint64_t hash, char c)
{
	return (hash ^ (unsigned char)c) * FNV_PRIME;
}

static uint64_t mark_of(uint64_t hash, enum hiding_reach reach)
{
	return step(hash, (char)reach);
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

int hiding_add(struct err *e, struct hiding *h, const char *path, enum hiding_reach reach)
{
	uint64_t hash = FNV_START;

	if (h->count == HIDING_MAX)
		return err_set(e, ERR_REJECTED, "the image's layers have more than %d names",
		               HIDING_MAX);
	if (h->count == h->cap) {
		h->cap = h->cap ? 2 * h->cap : 1024;
		h->marks = mem_grow(h->marks, h->cap, sizeof(*h->marks));
	}
	for (; *path; path++)
		hash = step(hash, *path);
	h->marks[h->count++] = mark_of(hash, reach);
	return 0;
}

void hiding_seal(struct hiding *h)
{
	if (h->count > h->sealed)
		qsort(h->marks, h->count, sizeof(*h->marks), compare);
	h->sealed = h->count;
}

static bool has(const struct hiding *h, uint64_t hash, enum hiding_reach reach)
{
	uint64_t mark = mark_of(hash, reach);

	return bsearch(&mark, h->marks, h->sealed, sizeof(mark), compare);
}

bool hiding_hides(const struct hiding *h, const char *path)
{
	uint64_t hash = FNV_START;

	if (!h->sealed)
		return false;
	if (has(h, step(hash, '/'), HIDING_BELOW))
		return true;
	for (const char *p = path; *p; p++) {
		if (*p == '/' && p > path &&
		    (has(h, hash, HIDING_BELOW) || has(h, hash, HIDING_ALL)))
			return true;
		hash = step(hash, *p);
	}
	return has(h, hash, HIDING_SELF) || has(h, hash, HIDING_ALL);
}

bool hiding_reaches(const char *path, enum hiding_reach reach, const char *name)
{
	size_t len = strcmp(path, "/") == 0 ? 0 : strlen(path);

	if (strncmp(path, name, len) != 0)
		return false;
	if (!name[len])
		return reach != HIDING_BELOW;
	return name[len] == '/' && reach != HIDING_SELF;
}

void hiding_release(struct hiding *h)
{
	free(h->marks);
	*h = (struct hiding){ 0 };
}
