/* SPDX-License-Identifier: MIT */
/*
 * hiding: which names of lower layers the upper layers of an image hide.
 *
 * Layers are taken from the top one down. Everything in them that is no directory hides its name
 * and all below it in the lower ones, so nearly every name of an image is a candidate; to keep
 * that small only a 64-bit hash of each name is kept. Two of a million names meet by chance once in
 * forty million images; somebody who makes them meet hides files of his own image.
 */
#ifndef OCI_HIDING_H
#define OCI_HIDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/limits.h"

enum hiding_reach {
	HIDING_SELF,  /* the name alone */
	HIDING_BELOW, /* all that is below it: an opaque directory */
	HIDING_ALL    /* both: a whiteout, or anything but a directory */
};

/* {0} is the empty one. */
struct hiding {
	uint64_t *marks; /* sorted up to `sealed` */
	size_t count, cap, sealed;
};

/* Paths are absolute and normalised. What is added hides nothing before hiding_seal(): a layer does
 * not hide its own names. */
int hiding_add(struct err *e, struct hiding *h, const char *path, enum hiding_reach reach) MUST_USE;
void hiding_seal(struct hiding *h);
bool hiding_hides(const struct hiding *h, const char *path);
void hiding_release(struct hiding *h);

/* The rule itself: does (path, reach) hide `name`? */
bool hiding_reaches(const char *path, enum hiding_reach reach, const char *name);

#endif
