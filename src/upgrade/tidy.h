/* SPDX-License-Identifier: MIT */
/* tidy: what nodelift may forget of what it has on the node, so that its directory does not grow. */
#ifndef UPGRADE_TIDY_H
#define UPGRADE_TIDY_H

#include "oci/image.h"
#include "upgrade/run.h"

/* What was fetched to be looked at is often asked for again. */
#define TIDY_AGE_SECONDS 86400

/*
 * Removes the runs before the last few (state_prune()), and the content older than `age_s` that is
 * named neither by a run that can be undone or repeated, nor by this plan or image. Either may be
 * NULL. That it fails is only told.
 */
void tidy(struct run *r, const struct json *plan, const struct image *i, int64_t age_s);

#endif
