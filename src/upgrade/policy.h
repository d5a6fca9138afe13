/* SPDX-License-Identifier: MIT */
/*
 * policy: may this image be installed on this node? What its owner demands is in CONFIG_DIR/policy.json, a
 * list of rules (upgrade/rule.h), and in CONFIG_DIR/keys (upgrade/keyring.h).
 *
 * The signatures that an image was accepted for are kept with it (oci/evidence.h), so that what was fetched
 * with a network can be proved without one. Kept or not, they are checked with the keys and the rule
 * that are there now.
 */
#ifndef UPGRADE_POLICY_H
#define UPGRADE_POLICY_H

#include "oci/claims.h"
#include "oci/fetch.h"
#include "oci/reference.h"
#include "upgrade/keyring.h"
#include "upgrade/rule.h"
#include "upgrade/run.h"

#define POLICY_RULES_MAX 256

struct policy {
	struct keyring keyring;
	struct json *doc; /* of policy.json; NULL: there is none */
	struct rule *
		rules; /* in the order of the file, the default last; without the file the built-in one */
	int rule_count;
};

/* ERR_USAGE names file, rule and key. */
int policy_open(struct err *e, const struct settings *s, struct policy *ret) MUST_USE;
void policy_release(struct policy *p);

/* What an image was accepted for. */
struct approval {
	const struct rule *rule; /* the policy's */
	/* One for each key that counted, NULL when no signature was needed:
	 *	[{"key": "release.pem", "fingerprint": "sha256:...", "format": "classic"}] */
	struct json *signed_by;
	struct claims claims; /* what these signatures say */
};
void approval_release(struct approval *a);

/*
 * For fetch_options.approve(): digest and signatures. named_by_archive: the repository's name was read out
 * of an archive, which may say what it likes; then rules of the file that accept unsigned images are
 * none. ERR_REJECTED says which rule says no, how many signatures there are and why each is none.
 */
int policy_approve(struct err *e, const struct policy *p, struct run *r, struct fetch *f,
                   const struct reference *ref, const struct digest *top, bool named_by_archive,
                   struct approval *ret) MUST_USE;

/* Forgets the signatures of images that are not in the store any more. */
int policy_tidy(struct err *e, struct run *r) MUST_USE;

#endif
