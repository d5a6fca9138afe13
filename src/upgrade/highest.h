/* SPDX-License-Identifier: MIT */
/*
 * highest: the highest version that was ever committed on this node, STATE_DIR/highest.json, for each
 * profile by its name:
 *
 *	{"docker-dind": {"version": "28.5.2", "channel": "stable", "epoch": 3}}
 *
 * It is written when a run commits, or finds that there is nothing left to do. What was committed is
 * taken over when it is newer, or when it is older and that was allowed (--allow-downgrade): then it is
 * the highest from then on. The epoch never goes back. A rollback changes nothing here.
 */
#ifndef UPGRADE_HIGHEST_H
#define UPGRADE_HIGHEST_H

#include <stdbool.h>
#include <stdint.h>

#include "codec/json.h"
#include "upgrade/settings.h"

struct highest {
	char *version, *channel; /* NULL: none was recorded yet */
	int64_t epoch;           /* 0 where none was said */
};

/* ERR_BROKEN when the file is damaged. */
int highest_read(struct err *e, const struct settings *s, const char *profile,
                 struct highest *ret) MUST_USE;
void highest_release(struct highest *h);

/* The node runs this now. allowed: it is what counts, also if it is older. Durable. */
int highest_record(struct err *e, const struct settings *s, const char *profile,
                   const struct highest *now, bool allowed) MUST_USE;
/* The same for a plan that was committed; one that is no upgrade changes nothing. */
int highest_record_plan(struct err *e, const struct settings *s, const struct json *plan) MUST_USE;

#endif
