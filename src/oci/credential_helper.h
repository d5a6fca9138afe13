/* SPDX-License-Identifier: MIT */
/*
 * credential_helper: another program that knows who we are for a registry.
 * Protocol: github.com/docker/docker-credential-helpers, README, "Development": `docker-credential-NAME get`
 * reads the server's address from stdin and writes {"ServerURL", "Username", "Secret"}; the user
 * name "<token>" says that the secret is an identity token.
 *
 * Docker's config.json may name any helper, and it may be a file of somebody else. So only a
 * helper that nodelift's own configuration names as well is executed: by NAME, then looked
 * for in CREDENTIAL_HELPER_PATH, or by the absolute path of its docker-credential-NAME.
 *
 * It gets that PATH, HOME, and what is known to be needed of our environment: AWS_*, AZURE_*, CLOUDSDK_*,
 * GOOGLE_*, GNUPGHOME, PASSWORD_STORE_*, XDG_*, DBUS_SESSION_BUS_ADDRESS, SSL_CERT_*, the variables of proxies.
 */
#ifndef OCI_CREDENTIAL_HELPER_H
#define OCI_CREDENTIAL_HELPER_H

#include <stdbool.h>

#include "base/err.h"

#define CREDENTIAL_HELPER_PREFIX "docker-credential-"
#define CREDENTIAL_HELPER_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* May this stand in a list of helpers that are allowed? */
bool credential_helper_valid(const char *entry);
/* The entry of the NULL-terminated list (may be NULL) that allows helper `name`, or NULL. */
const char *credential_helper_allowed(const char *const *list, const char *name);

struct secret {
	char *username, *password;
};
void secret_release(struct secret *s); /* and wipes it */

/*
 * What it knows of `server`; both stay NULL when it says that there is nothing. ERR_PRECHECK: there is no
 * such program; ERR_RETRY: it fails, takes too long, or what it says is no answer.
 */
int credential_helper_get(struct err *e, const char *entry, const char *server,
                          struct secret *ret) MUST_USE;

#endif
