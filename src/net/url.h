/* SPDX-License-Identifier: MIT */
/*
 * url: absolute http and https addresses, taken apart so strictly that no two readers can differ
 * about whose host it is: no user information, no backslash, no blank or control character.
 * Grammar: RFC 3986, the subset that registries use.
 */
#ifndef NET_URL_H
#define NET_URL_H

#include <stdbool.h>

#include "base/err.h"
#include "base/limits.h"
#include "base/str.h"

struct url {
	bool https;
	char *host; /* lower case, without brackets */
	int port;
	char *rest; /* path and query, begins with "/" or "?"; without fragment */
};

/* ERR_RETRY: addresses come from a server. */
int url_parse(struct err *e, const char *text, struct url *ret) MUST_USE;
void url_release(struct url *u);

/* What a Location header means for a document at `base` (RFC 3986, 5.2). The caller frees. */
int url_resolve(struct err *e, const char *base, const char *location, char **ret) MUST_USE;

/* Same scheme, host and port: what was told to the one may be told to the other. */
bool url_same_origin(const struct url *a, const struct url *b);
bool url_is_loopback(const struct url *u); /* localhost, 127.0.0.0/8, ::1 */

/* Adds "&name=value" or "name=value", percent-encoded. */
void url_add_query(struct str *s, const char *name, const char *value);

#endif
