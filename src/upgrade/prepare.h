/* SPDX-License-Identifier: MIT */
/*
 * prepare: everything before the plan: the node is looked at, the image fetched and verified, its
 * signature, where one is needed, before its layers; its
 * profile chosen, its version judged, its files taken out and examined. Writes to the store only.
 */
#ifndef UPGRADE_PREPARE_H
#define UPGRADE_PREPARE_H

#include "oci/fetch.h"
#include "oci/origin.h"
#include "upgrade/candidate.h"
#include "upgrade/change.h"
#include "upgrade/run.h"

struct prepared {
	struct node *node;
	struct import import; /* of an image that is from no registry */
	struct image *image;
	struct profile *profile;
	struct change_list changes;
	struct candidate
		candidate; /* what it is taken for; what it borrowed is gone, but the profile */
};

int prepare_image(struct err *e, struct run *r, const struct origin *o,
                  struct prepared *ret) MUST_USE;
void prepared_release(struct prepared *p);

/* The first part of it alone: *ret has an image, and what is known of it without a profile. `signatures` as in
 * fetch.h. */
int prepare_fetch(struct err *e, struct run *r, const struct origin *o,
                  struct collection *signatures, struct prepared *ret) MUST_USE;
/* What the image is called: by the user, its file or the engine. */
const struct reference *prepared_name(const struct prepared *p, const struct origin *o);

/* Tells what kind of node this is. */
void prepare_tell_node(struct run *r, const struct node *n);

#endif
