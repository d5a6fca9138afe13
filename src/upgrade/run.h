/* SPDX-License-Identifier: MIT */
/* run: what the steps of one run share. */
#ifndef UPGRADE_RUN_H
#define UPGRADE_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "oci/store.h"
#include "txn/txn.h"
#include "upgrade/event.h"
#include "upgrade/settings.h"

struct run {
	const struct settings *settings;
	struct store *store;
	struct events *events;
	/* The reason to stop ("interrupted by SIGTERM"), NULL for none. May be asked at any time. */
	const char *(*interrupted)(void);
	bool undoing;       /* the way back is not to be interrupted */
	bool offline;       /* before the units start (at boot): they are left alone */
	int64_t down_at;    /* when the units were told to restart, clock_ms(); 0: not yet */
	int64_t healthy_at; /* when all was found well after that; 0: not yet */
};

static inline const char *run_interrupted(const struct run *r)
{
	return r->undoing || !r->interrupted ? NULL : r->interrupted();
}

/* One file each: step_NAME.c. What their arguments are is told there. */
extern const struct step_kind step_keep;     /* the old content into the store */
extern const struct step_kind step_mkdir;    /* directories that are missing */
extern const struct step_kind step_rmdir;    /* those that a former run made */
extern const struct step_kind step_stage;    /* the new content beside the old file */
extern const struct step_kind step_probe;    /* does the new program run here? */
extern const struct step_kind step_guard;    /* recovery at the next boot */
extern const struct step_kind step_baseline; /* what the node is like; going back ends here */
extern const struct step_kind step_swap;     /* the names change places */
extern const struct step_kind step_restart;  /* the units start what is there now */
extern const struct step_kind step_health;   /* is the node well? */

extern const struct step_kind *const step_kinds[]; /* NULL-terminated */

#endif
