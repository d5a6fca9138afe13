/* SPDX-License-Identifier: MIT */
/*
 * policy: may this image be installed on this node?
 *
 * The keys of the node's owner are the files CONFIG_DIR/keys/NAME.pem (crypt/pubkey.h). When there is
 * one, an image must have a signature by one of them (oci/signature.h), in one of the formats that
 * the settings name. When there is none, content is held against its digests only.
 *
 * A good signature is kept with the image (oci/evidence.h), so that what was fetched with a network
 * can be proved without one. Kept or not, it is checked with the keys that are there now.
 */
#ifndef UPGRADE_POLICY_H
#define UPGRADE_POLICY_H

#include "oci/fetch.h"
#include "oci/signature.h"
#include "upgrade/run.h"

#define POLICY_KEYS_MAX 64

struct policy {
	char *keys_dir;
	char **names; /* of the files, sorted */
	struct pubkey **keys;
	int key_count;
	unsigned formats;
};

/* ERR_USAGE names the file: every file in keys/ must be a key, or nobody would notice a signature that
 * is not asked for. Only names that begin with a dot are not looked at. */
int policy_open(struct err *e, const struct settings *s, struct policy *ret) MUST_USE;
void policy_release(struct policy *p);

/*
 * For fetch_options.approve(). ERR_REJECTED says how many signatures there are and why each is none.
 * *ret_signed_by is the caller's, NULL when no signature was needed:
 *
 *	{"key": "release.pem", "fingerprint": "sha256:...", "format": "classic"}
 */
int policy_approve(struct err *e, const struct policy *p, struct run *r, struct fetch *f,
                   const struct digest *top, struct json **ret_signed_by) MUST_USE;

/* Forgets the signatures of images that are not in the store any more. */
int policy_tidy(struct err *e, struct run *r) MUST_USE;

#endif
