/* SPDX-License-Identifier: MIT */
/*
 * state: what nodelift remembers on the node, below settings.state_dir:
 *
 *	lock               held by the run that is going on
 *	runs/ID/           ID counts up: "000001"
 *	    about.json     {"command": "upgrade", "image": "host/path:tag", "time": "..."}
 *	    plan.json      what was to be done; none: it never came to that
 *	    journal        what was done (txn/journal.h)
 *	    events.jsonl   what was told (upgrade/event.h)
 *	    result.json    how it ended (job.h); none: it goes on, or was cut off
 *	    told           it was handed over, and whoever asked for it has had the result
 *	bin/nodelift       this program, for what must go on when we end
 *	highest.json       the highest version that was committed (upgrade/highest.h)
 *	signatures/        for which images were accepted (oci/evidence.h)
 *	store/             content by digest (oci/store.h)
 */
#ifndef UPGRADE_STATE_H
#define UPGRADE_STATE_H

#include <stdbool.h>

#include "codec/json.h"
#include "upgrade/settings.h"

#define STATE_RUNS_KEPT 10

/* Creates the directories that are missing, 0700, durably. */
int state_prepare(struct err *e, const struct settings *s) MUST_USE;
/* ERR_BUSY names the owner. */
int state_lock(struct err *e, const struct settings *s, const char *command, int *ret_fd) MUST_USE;
/* Is a run going on? *ret_owner is what it calls itself (the caller frees). */
bool state_is_locked(const struct settings *s, char **ret_owner);

struct run_ids {
	char **items; /* oldest first */
	int count;
};
/* No runs when there is no state directory yet. */
int state_runs(struct err *e, const struct settings *s, struct run_ids *ret) MUST_USE;
void run_ids_release(struct run_ids *l);

/* The identifier of the run that comes next. */
int state_next_id(struct err *e, const struct settings *s, char **ret) MUST_USE;
/* Path of a file of a run ("" for its directory). The caller frees. */
char *state_path(const struct settings *s, const char *id, const char *file);

/* *ret is NULL when there is no such file; ERR_BROKEN when it is damaged. */
int state_read(struct err *e, const struct settings *s, const char *id, const char *file,
               struct json **ret) MUST_USE;
int state_write(struct err *e, const struct settings *s, const char *id, const char *file,
                const struct json *v) MUST_USE;

/* Removes what a process that was killed left of a document that it was writing. */
int state_clear_temps(struct err *e, const struct settings *s, const char *id) MUST_USE;

/* Somebody waited for the end of this run and was told its result. */
void state_mark_told(const struct settings *s, const char *id);
bool state_was_told(const struct settings *s, const char *id);

/*
 * The plan of the run that made the node what it is: the last one that was committed. *ret is NULL
 * when there is none.
 */
int state_last_committed(struct err *e, const struct settings *s, struct json **ret) MUST_USE;

/* Forgets the oldest runs beyond STATE_RUNS_KEPT, never the last that was committed. */
int state_prune(struct err *e, const struct settings *s) MUST_USE;

#endif
