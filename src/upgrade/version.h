/* SPDX-License-Identifier: MIT */
/*
 * version: versions as engines, distributions and images write them, and their order.
 *
 *	26.1.5  v1.29.3+k3s1  28.0.0-rc.1  17.06.1-ce-azure1  17.06.2-ee-16  20.10.24+dfsg1  20.10.24~ce  17.03
 *
 *	[v] NUMBER[.NUMBER]...  at most four numbers; those that are missing are 0, leading zeros do not count
 *	-WORD...                ("~" is the same as "-") in this order:
 *	    edition             ce, ee, cs, azure, dind, each with a number at or behind it ("ee-16", "cs9")
 *	    distribution        k3sN, rke2rN, as a tag must write it instead of +k3sN, +rke2rN
 *	    prerelease          all else, as in Semantic Versioning 2.0.0, section 11; a known word with a number
 *	                        ("rc10") is the same as with a dot ("rc.10")
 *	+BUILD                  k3sN and rke2rN count, all other build metadata does not ("+dfsg1")
 *
 * Order: the numbers; a prerelease is older than its release; then the number of the edition, then that
 * of the distribution. What has no edition is "ce". v1.29.3 has no distribution and is as old as
 * v1.29.3+k3s1, which is older than v1.29.3+k3s2.
 */
#ifndef UPGRADE_VERSION_H
#define UPGRADE_VERSION_H

#include <stdbool.h>

#include "base/err.h"

#define VERSION_MAX 128 /* characters */
#define VERSION_NUMBERS 4
#define VERSION_CHANNEL_STABLE "stable"

struct version {
	int numbers[VERSION_NUMBERS];
	int count;                        /* of the numbers that were written */
	char prerelease[VERSION_MAX + 1]; /* "rc.1", "": none */
	char edition[8];                  /* "ce", "ee", "cs" */
	int edition_number;               /* 16 of "ee-16"; 0: none */
	char distribution[8];             /* "k3s", "rke2r", "": none */
	int distribution_number;
};

/* ERR_REJECTED: '...' is no version that can be compared. */
int version_parse(struct err *e, const char *text, struct version *ret) MUST_USE;
/* *ret is less than, equal to, or greater than 0. ERR_REJECTED when it cannot be said which is newer:
 * one is no version, or they are of different editions or distributions. */
int version_compare(struct err *e, const char *a, const char *b, int *ret) MUST_USE;
/* Does v belong to the release that a shorter version names: 20.10.24 to "20.10"? */
bool version_is_of(const struct version *v, const struct version *release);

/*
 * The channel that a tag or version names by its form: the first of its parts that is edge, test,
 * nightly, rc, beta, alpha, dev, tp, with or without a number ("28-rc-dind", "28.0.0-rc.1", "test-dind").
 * NULL: none, which means VERSION_CHANNEL_STABLE. Not to be freed.
 */
const char *version_channel(const char *text);

/* Two ways of writing one release: a leading 'v' and what follows a '+' do not count. */
bool version_same(const char *a, const char *b);
/* Does one word of what a program printed say this version? */
bool version_is_said(const char *output, const char *version);

#endif
