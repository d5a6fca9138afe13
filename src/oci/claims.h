/* SPDX-License-Identifier: MIT */
/*
 * claims: what the owner of an image says about it, in text that a signature covers:
 *
 *	nodelift.version  "28.5.2"                which version it is
 *	nodelift.channel  "stable"                small letters, digits, '.', '_', '-'
 *	nodelift.epoch    "3"                     a whole number from 0 to 2^53
 *	nodelift.expires  "2027-01-31T00:00:00Z"  RFC 3339 in UTC: from then on it does not count
 *
 * They are annotations under a signature (cosign sign -a nodelift.epoch=3) or labels of the image, which
 * hang on the signed digest. Another name that begins with "nodelift." is an error: a misspelt expiry
 * would be none.
 */
#ifndef OCI_CLAIMS_H
#define OCI_CLAIMS_H

#include <stdbool.h>
#include <stdint.h>

#include "codec/json.h"

#define CLAIMS_TEXT_MAX 128 /* characters of a version or channel */

struct claims {
	char *version, *channel; /* NULL: not said */
	int64_t epoch;           /* -1: not said */
	int64_t expires;         /* seconds since 1970, -1: not said */
};

void claims_init(struct claims *c); /* nothing is said */
void claims_release(struct claims *c);

/* From member `key` of `object`, which holds names and texts; where it is missing or null nothing is said.
 * ERR_REJECTED names the claim; *ret says nothing then. `name` is of the document, for messages. */
int claims_read(struct err *e, const char *name, const struct json *object, const char *key,
                struct claims *ret) MUST_USE;

/* Adds what `more` says and *c does not: texts are taken out of it. Of two expiries the earlier counts.
 * Two that differ in anything else: ERR_REJECTED. */
int claims_join(struct err *e, struct claims *c, struct claims *more) MUST_USE;

bool claims_expired(const struct claims *c, int64_t now); /* seconds since 1970 */
#define CLAIMS_TIME_MAX 25
void claims_time(int64_t seconds, char ret[CLAIMS_TIME_MAX]); /* "2027-01-31T00:00:00Z" */

#endif
