/* SPDX-License-Identifier: MIT */
/*
 * advance: may a node go from what it runs to that version? The rule of the policy says what is
 * allowed at all (upgrade/rule.h); beside it nothing goes back without a word on the command line:
 *
 *	version   not older than the one that runs, nor than the highest that was ever committed here
 *	          (upgrade/highest.h). The one that runs is no step back, whatever the highest is.
 *	channel   the one that was recorded for what runs, else the one that its version's form names
 *	epoch     not lower than the highest; no word helps
 *
 * What cannot be compared counts as older.
 */
#ifndef UPGRADE_ADVANCE_H
#define UPGRADE_ADVANCE_H

#include "codec/json.h"
#include "upgrade/highest.h"
#include "upgrade/rule.h"
#include "upgrade/settings.h"

struct advance {
	const struct rule *rule;
	const char *running;    /* the version that runs; NULL: what depends on it is not asked */
	struct highest highest; /* borrowed; {0}: nothing is recorded, or it is not known yet */
	const char *version,
		*channel; /* of what comes; NULL both: not known yet, only the epoch is judged */
	int64_t epoch;    /* 0 where none was said */
	bool allow_downgrade, allow_channel_change; /* as the command line says */
};

/* ERR_REJECTED says which rule says no, and what would allow it. Words that were needed are added to the
 * array `allowed`: "downgrade", "channel-change". */
int advance_check(struct err *e, const struct advance *a, struct json *allowed) MUST_USE;

#endif
