/* SPDX-License-Identifier: MIT */
/* upgrade: the jobs, each from its first look at the node to what it adds to the job's result. */
#ifndef UPGRADE_UPGRADE_H
#define UPGRADE_UPGRADE_H

#include "upgrade/job.h"

/* These five are about the job's image. */
int upgrade_to_image(struct err *e, struct job *j) MUST_USE;
/* The same up to the plan; *ret is the caller's, NULL when there is nothing to do. */
int upgrade_plan(struct err *e, struct job *j, struct json **ret) MUST_USE;
/* And that far, to say "qualified" or "unchanged". */
int upgrade_check(struct err *e, struct job *j) MUST_USE;
/* Verified content into the store. */
int upgrade_fetch(struct err *e, struct job *j) MUST_USE;
/* The same, and with its signatures as one archive into that file; "-": standard output. */
int upgrade_save(struct err *e, struct job *j, const char *file) MUST_USE;
/* Back to what the last committed run replaced. */
int upgrade_rollback(struct err *e, struct job *j) MUST_USE;
/* Does the node qualify, as far as can be said without an image? */
int upgrade_check_node(struct err *e, struct job *j) MUST_USE;

#endif
