/* SPDX-License-Identifier: MIT */
/*
 * credentials: who we are for a registry, from Docker's config.json: `auths` with `auth` (base64 of
 * "user:password"), `username` and `password`, `identitytoken` or `registrytoken`. Keys are hosts with
 * or without scheme and path; "host/namespace" is for that namespace alone (containers-auth.json(5)).
 * `credHelpers` and `credsStore` name programs (credential_helper.h), which are asked when a registry
 * wants to know, if they are allowed; then what `auths` says counts only where they know nothing.
 */
#ifndef OCI_CREDENTIALS_H
#define OCI_CREDENTIALS_H

#include <stdbool.h>

#include "base/err.h"
#include "oci/reference.h"

#define CREDENTIALS_FILE_MAX (1024 * 1024)

struct credentials {
	char *file;                /* where they were looked for */
	char *username, *password; /* both or none */
	char *identity_token;      /* OAuth2 refresh token */
	char *registry_token;      /* bearer token as it is */
	char *helper;              /* name of the helper that would know, or NULL */
	char *program;             /* entry of the list that allows it, or NULL */
	char *server;              /* what it calls the registry */
	bool asked;                /* it was */
	bool from_helper;          /* and these are its */
};

/*
 * `helpers`: those that are allowed, NULL-terminated, or NULL. None is executed here. config_file NULL: $DOCKER_CONFIG/config.json, else ~/.docker/config.json; that there is none is no
 * error. ERR_USAGE when the file is malformed, or config_file does not exist.
 */
int credentials_find(struct err *e, const char *config_file, const char *const *helpers,
                     const struct reference *r, struct credentials *ret) MUST_USE;
/* Asks the helper, once, if there is one and it may be executed. Errors are those of credential_helper_get(). */
int credentials_ask_helper(struct err *e, struct credentials *c) MUST_USE;
bool credentials_none(const struct credentials *c);
void credentials_release(struct credentials *c); /* and wipes the secrets */

#endif
