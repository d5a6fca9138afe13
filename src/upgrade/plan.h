/* SPDX-License-Identifier: MIT */
/*
 * plan: all that a run will do to a node, as data. `nodelift plan` prints it, `upgrade` journals
 * and executes it; there is no other path to the disk.
 *
 *	{"format": 1, "id": ID, "kind": "upgrade", "image": {...}, "profile": NAME,
 *	 "signed_by": [...], "channel": "stable", "epoch": 3, "allowed": ["downgrade"],  (upgrade/candidate.h)
 *	 "from": "20.10.24", "to": "26.1.5", "steps": [{"kind": "stage", "args": {...}}, ...]}
 *
 * The kinds of steps and their arguments are told in step_KIND.c.
 */
#ifndef UPGRADE_PLAN_H
#define UPGRADE_PLAN_H

#include "oci/image.h"
#include "upgrade/candidate.h"
#include "upgrade/change.h"
#include "upgrade/node.h"

#define PLAN_FORMAT 1

struct plan_request {
	const char *id;
	const char *kind;          /* "upgrade", "rollback" */
	const struct image *image; /* NULL where none is involved, as what follows */
	const struct candidate *candidate;
	const char *profile;     /* its name */
	const struct node *node; /* with its units */
	const struct change_list *changes;
	const char *state_dir;
	const struct json *made; /* arguments of the mkdir step that is taken back, or NULL */
	const char *to;          /* the version that is to run */
	int64_t health_timeout_ms, soak_ms;
};

/* NULL when the node is already what it should be: files, processes and version. */
struct json *plan_make(const struct plan_request *q);

/* The arguments of the first step of that kind; NULL when there is none. */
const struct json *plan_step(const struct json *plan, const char *kind);

#endif
