/* SPDX-License-Identifier: MIT */
/*
 * candidate: an image on its way to the node, from its digest to the verdict on its version. It is
 * judged as soon as there is something to judge by:
 *
 *	candidate_approve()   its digest and signatures, before its configuration is fetched
 *	candidate_examine()   epoch, expiry, and the version where it is known already, before its layers are
 *	candidate_judge()     all of it, once the profile is chosen; before anything on the node is touched
 *
 * Its version: the annotation nodelift.version under the signature, else the label of that name, else what
 * the profile names, else the tag; the first three must not contradict each other. Its channel: annotation
 * and label nodelift.channel, else the profile's, else the form of the tag, else that of the version. Its
 * epoch: annotation, else label nodelift.epoch, else 0.
 */
#ifndef UPGRADE_CANDIDATE_H
#define UPGRADE_CANDIDATE_H

#include "oci/image.h"
#include "upgrade/policy.h"
#include "upgrade/profile.h"

struct candidate {
	/* borrowed */
	struct run *run;
	const struct policy *policy;
	const struct reference *reference;
	bool named_by_archive;         /* reference: as in policy.h */
	const char *running;           /* the version on the node; NULL: nobody asks for it yet */
	const struct profile *profile; /* NULL: not known yet */
	/* what came out, owned */
	struct approval approval;
	char *version, *channel; /* NULL: not known */
	int64_t epoch;           /* -1: not said */
	struct json *allowed;    /* as in advance.h */
};

void candidate_init(struct candidate *c);
void candidate_release(struct candidate *c);

/* All three: ERR_REJECTED says which rule says no, and what would allow it. */
int candidate_approve(struct err *e, struct candidate *c, struct fetch *f,
                      const struct digest *top) MUST_USE;
int candidate_examine(struct err *e, struct candidate *c, const struct image *i) MUST_USE;
int candidate_judge(struct err *e, struct candidate *c, const struct image *i) MUST_USE;

/* What is known of it, for a plan or a result: "signed_by", "channel", "epoch", "allowed". */
void candidate_describe(const struct candidate *c, struct json *ret);

#endif
