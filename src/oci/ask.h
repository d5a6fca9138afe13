/* SPDX-License-Identifier: MIT */
/* ask: one request to a registry, for the files of this folder that speak with one. */
#ifndef OCI_ASK_H
#define OCI_ASK_H

#include "net/http.h"
#include "oci/auth.h"
#include "oci/registry.h"

#define IDENTITY "Accept-Encoding: identity"
#define NO_CACHE "Cache-Control: no-cache"
#define ACCEPT_ANY "Accept: */*"
#define BLOB "blob"
#define REPEATS 2 /* how often wrong content is fetched before it is refused */

struct registry {
	char *host, *path, *tag; /* as in the reference */
	char *base;              /* "https://host/v2/path" */
	bool plain_http;
	struct trust *trust;
	struct auth *auth;
};

/* One exchange; a 401 is answered once, whether it came first or in the middle of a pull. */
int registry_ask(struct err *e, struct registry *r, struct http *h, struct http_request *q,
                 struct http_response *ret) MUST_USE;
/* The error for an answer that is none of those that were hoped for; `what`: BLOB, a tag, a digest. */
int registry_refused(struct err *e, const struct registry *r, const struct http_response *a,
                     const char *what);
char *registry_blob_url(const struct registry *r, const struct digest *d); /* the caller frees */

#endif
