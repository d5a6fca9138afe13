/* SPDX-License-Identifier: MIT */
/* content: which content does a file of the node have? Steps decide by it, never by records. */
#ifndef UPGRADE_CONTENT_H
#define UPGRADE_CONTENT_H

#include <stdbool.h>

#include "codec/json.h"
#include "crypt/digest.h"

/* A digest of the arguments of a step: 64 hex digits under `key`. Not there: DIGEST_NONE, which
 * stands for "no such file". ERR_BUG when it is malformed. */
int content_wanted(struct err *e, const struct json *args, const char *key,
                   struct digest *ret) MUST_USE;

/* What is at `path`: DIGEST_NONE when nothing is. */
int content_found(struct err *e, const char *path, struct digest *ret) MUST_USE;

/* For the arguments of a step. */
void content_set(struct json *object, const char *key, const struct digest *d);

#endif
