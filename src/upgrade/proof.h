/* SPDX-License-Identifier: MIT */
/*
 * proof: enough signatures of an image, by different keys of a rule. Those that were kept are looked at
 * first, then those where the image comes from, one format after the other until there are enough. All
 * that were looked at and are good must agree in what they claim.
 */
#ifndef UPGRADE_PROOF_H
#define UPGRADE_PROOF_H

#include "oci/claims.h"
#include "oci/fetch.h"
#include "upgrade/rule.h"
#include "upgrade/run.h"

struct proof_request {
	const struct rule *rule; /* one that asks for signatures */
	const char *keys_dir;    /* for messages */
	const char *evidence_dir;
	struct run *run;
	struct fetch *fetch;
	const struct digest *top;
};

/* What was found is kept. *ret_signed_by as in policy.h; both are the caller's, only after success. */
int proof_find(struct err *e, const struct proof_request *q, struct json **ret_signed_by,
               struct claims *ret_claims) MUST_USE;

#endif
