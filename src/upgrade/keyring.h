/* SPDX-License-Identifier: MIT */
/* keyring: the public keys of the node's owner, the files CONFIG_DIR/keys/NAME.pem (crypt/pubkey.h). */
#ifndef UPGRADE_KEYRING_H
#define UPGRADE_KEYRING_H

#include "crypt/pubkey.h"

#define KEYRING_KEYS_MAX 64

struct keyring {
	char *dir;
	char **names; /* of the files, sorted */
	struct pubkey **keys;
	int count;
};

/* ERR_USAGE names the file: every file in the directory must be a key, or nobody would notice a signature
 * that is not asked for. Only names that begin with a dot are not looked at. */
int keyring_open(struct err *e, const char *config_dir, struct keyring *ret) MUST_USE;
void keyring_release(struct keyring *k);

int keyring_find(const struct keyring *k, const char *name); /* its index; -1: there is none */

#endif
