/* SPDX-License-Identifier: MIT */
/*
 * auth: what a registry wants to see, and how to get it.
 * RFC 9110 section 11 (challenges), RFC 6750 (Bearer), RFC 7617 (Basic); distribution's "Token
 * Authentication Specification" and "Oauth2 Token Authentication".
 *
 * One `struct auth` serves one repository and may be used by several threads, each with its own
 * HTTP client. Secrets go to the registry and to the realm that the registry itself names (https,
 * or http on this machine where the registry is), nowhere else.
 */
#ifndef OCI_AUTH_H
#define OCI_AUTH_H

#include "base/limits.h"
#include "net/http.h"
#include "oci/credentials.h"

#define AUTH_EXPIRES_DEFAULT 60 /* seconds, where the answer does not say */

enum auth_scheme { AUTH_OTHER, AUTH_BASIC, AUTH_BEARER };

struct challenge {
	enum auth_scheme scheme;
	char *realm, *service, *scope; /* NULL when not given */
};
struct challenges {
	struct challenge items[AUTH_CHALLENGES_MAX];
	int count;
};

/* Adds those of one WWW-Authenticate header. false: malformed, or too many; what came before stays. */
bool challenges_parse(const char *header, struct challenges *ret);
void challenges_release(struct challenges *c);

struct auth;

/* Takes over what is in *c. `path` is the repository; `plain_http`: the registry itself is http. */
struct auth *auth_new(const char *host, const char *path, struct credentials *c, bool plain_http);
void auth_free(struct auth *a);
/* Always ERR_RETRY: that the registry says no, and what of ours it may not have liked. */
int auth_refused(struct err *e, const struct auth *a, int status);

/* The value of the Authorization header to send now, or NULL. The caller frees. A token that has
 * run out is renewed first. */
int auth_header(struct err *e, struct auth *a, struct http *h, char **ret) MUST_USE;
/*
 * After a 401: does what its challenges ask for. `used` is the header that did not suffice, or NULL.
 * ERR_RETRY when nothing more can be done.
 */
int auth_answer(struct err *e, struct auth *a, struct http *h, const struct http_response *r,
                const char *used) MUST_USE;

#endif
