/* SPDX-License-Identifier: MIT */
/*
 * follow: a run that another process carries out, seen through what it leaves in its directory
 * (upgrade/state.h). Takes no lock and changes nothing, so it may end at any time.
 */
#ifndef UPGRADE_FOLLOW_H
#define UPGRADE_FOLLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "upgrade/event.h"
#include "upgrade/settings.h"

struct follow {
	const struct settings *settings;
	struct events *events;            /* told again here, from the first on */
	const char *(*interrupted)(void); /* the reason to follow no longer, NULL for none */
	int64_t timeout_ms;               /* -1: as long as it takes */
};

/* The last run, going on or not; ERR_PRECHECK when there was none. The caller frees *ret_id. */
int follow_last(struct err *e, const struct settings *s, char **ret_id) MUST_USE;

/*
 * Until the run has ended; *ret is its result (upgrade/job.h). ERR_DETACHED when the time is up or
 * interrupted() says so: the run goes on. ERR_BROKEN when it was cut off without a result, ERR_RETRY
 * when that was before it touched anything.
 */
int follow_run(struct err *e, const struct follow *f, const char *id, struct json **ret) MUST_USE;

/*
 * The last run, if it is of this command and image (NULL: of none): *ret_id, otherwise NULL.
 * *ret_result is NULL while it has none. The caller frees both. ERR_PRECHECK as above.
 */
int follow_same(struct err *e, const struct settings *s, const char *command, const char *image,
                char **ret_id, struct json **ret_result) MUST_USE;
/* Was it handed over, rolled back not long ago, and did nobody hear so? */
bool follow_is_untold(const struct settings *s, const char *id, const struct json *result);

/* What the run itself returned: 0, or the error that its result tells of. */
int follow_verdict(struct err *e, const struct json *result) MUST_USE;

#endif
