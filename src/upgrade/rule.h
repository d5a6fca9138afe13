/* SPDX-License-Identifier: MIT */
/*
 * rule: what the node's owner demands of an image, one rule of CONFIG_DIR/policy.json:
 *
 *	{"rules": [{
 *	   "name": "engine",                        for messages
 *	   "repositories": ["docker.io/library/docker", "registry.example.com/engine-*"],
 *	                                            "host/path"; '*' and '?' match, also '/'
 *	   "keys": ["release-2025.pem", "release-2026.pem"],  of keys/; without it all that are there
 *	   "signatures": 1,                         so many different ones of these keys must have signed
 *	   "signature_formats": ["bundle"],         "classic", "bundle"; without it those of config.json
 *	   "signed_as": "registry.example.com/engine/docker",
 *	                                            the repository that the signature must name; only classic
 *	                                            signatures name one
 *	   "expiry": "required",                    the signature or a label must say nodelift.expires
 *	   "unsigned": "accepted",                  instead of all these: no signature is asked for
 *	   "digests": ["sha256:..."],               of no other image
 *	   "channels": ["stable"],                  of no other channel
 *	   "minimum_version": "20.10.0",
 *	   "minimum_epoch": 3,
 *	   "step": "minor",                         see below
 *	   "releases": ["20.10", "23.0", "24.0"],   oldest first, for "step": "release"
 *	   "forbid": ["allow-downgrade", "allow-channel-change"]   what nobody may say on the command line
 *	 }],
 *	 "default": {...}}                          the same without name and repositories
 *
 * All but name and repositories may be left out. The first rule that has a pattern for the repository
 * counts, else the default; where there is neither the image is refused. Without the file:
 * a signature by one key is asked for when keys/ has any. Whatever the file says, content is held
 * against its digests, and a version or channel that goes back needs a word on the command line.
 *
 * "step" is how far one upgrade may go from the version that runs:
 *	"patch"    to another patch of the same minor        26.1.3 -> 26.1.5
 *	"minor"    to the next minor of the same major       1.28.x -> 1.29.y
 *	"major"    to the next major                         26.x   -> 27.y
 *	"release"  to the next in "releases", each of which stands for all versions that begin like it
 */
#ifndef UPGRADE_RULE_H
#define UPGRADE_RULE_H

#include <stdbool.h>
#include <stdint.h>

#include "codec/json.h"
#include "crypt/digest.h"
#include "upgrade/keyring.h"

enum rule_step {
	RULE_STEP_ANY,
	RULE_STEP_PATCH,
	RULE_STEP_MINOR,
	RULE_STEP_MAJOR,
	RULE_STEP_RELEASE
};

/* Strings and JSON are those of the document that the rule was read from. */
struct rule {
	char *origin;                    /* "/etc/nodelift/policy.json, rule 'engine'" */
	const struct json *repositories; /* NULL: every one */
	const char *otherwise;           /* how to do without signatures, as a request */
	bool accepts_unsigned;
	struct pubkey **keys; /* those of the keyring that count */
	const char **key_names;
	int key_count;
	int signatures;
	unsigned formats;      /* of enum signature_format */
	const char *signed_as; /* or NULL, as what follows */
	const struct json *digests, *channels, *releases;
	const char *minimum_version;
	int64_t minimum_epoch;
	enum rule_step step;
	bool needs_expiry, forbids_downgrade, forbids_channel_change;
};

/* What rules are read with. */
struct rule_context {
	const char *file;
	const struct keyring *keyring;
	unsigned formats; /* where a rule does not say */
};

/* ERR_USAGE names file, rule and key. has_patterns: name and repositories must be there, else not. */
int rule_read(struct err *e, const struct rule_context *c, const struct json *object,
              bool has_patterns, struct rule *ret) MUST_USE;
/* The rule where there is no file. */
void rule_builtin(const struct rule_context *c, struct rule *ret);
void rule_release(struct rule *r);

bool rule_is_for(const struct rule *r, const char *repository); /* "host/path" */
/* Is the text, or the text of a digest, in an array of the rule? */
bool rule_lists(const struct json *array, const char *text);

#endif
