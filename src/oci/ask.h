/* SPDX-License-Identifier: MIT */
/*
 * ask: requests to a registry, for the files of this folder that speak with one.
 *
 * Whatever is asked for, the endpoints are asked one after the other until one has it. A mirror that
 * gave no answer, or content with a wrong digest, is not asked again. What only the last one can
 * bring, and one that has brought something before, is waited for (net/retry.h); the others are not.
 */
#ifndef OCI_ASK_H
#define OCI_ASK_H

#include <stdatomic.h>

#include "net/http.h"
#include "oci/auth.h"
#include "oci/endpoint.h"
#include "oci/registry.h"

#define IDENTITY "Accept-Encoding: identity"
#define NO_CACHE "Cache-Control: no-cache"
#define ACCEPT_ANY "Accept: */*"
#define BLOB "blob"
#define REPEATS 2 /* how often wrong content is fetched before it is refused */

/* An endpoint as it is used for one repository. */
struct server {
	const struct endpoint *endpoint;
	char *base; /* "https://host/v2/path" */
	struct auth *auth;
	atomic_bool answered; /* in whatever way */
	atomic_bool served;   /* something that was asked for */
	atomic_bool down;     /* it gave no answer, or a lie */
};

struct registry {
	char *host, *path, *tag; /* as in the reference */
	bool signed_required;    /* only the origin is asked what a tag means */
	bool plain_http;
	struct endpoints endpoints;
	struct server *servers; /* one for each */
	char **plain_origins;   /* as in struct http_options */
	struct trust *trust;
};

/* What is wanted of an endpoint. */
enum want { WANT_CONTENT, WANT_TAG };

/*
 * Calls ask() for one server after the other, until it returns 0 or fails with something else than
 * ERR_RETRY and ERR_REJECTED. `last`: there is no other one behind it. The last error is told, with the one before it.
 */
int registry_each(struct err *e, struct registry *r, struct http *h, enum want want,
                  int (*ask)(struct err *e, struct server *s, bool last, void *ctx),
                  void *ctx) MUST_USE;

/* Is there another one for what this one should have? The origin has only itself. */
bool server_is_expendable(const struct registry *r, int i);
/* Is a server worth waiting for when it fails for the moment? And how long, for a connection? */
bool server_is_worth_waiting(const struct server *s, bool last);
int server_connect_ms(const struct server *s, bool last); /* as in struct http_request */
/* One exchange; a 401 is answered once, whether it came first or in the middle of a pull. */
int server_ask(struct err *e, struct server *s, struct http *h, struct http_request *q,
               struct http_response *ret) MUST_USE;
/* The error for an answer that is none of those that were hoped for; `what`: BLOB, a tag, a digest. */
int server_refused(struct err *e, const struct registry *r, const struct server *s,
                   const struct http_response *a, const char *what);
/* The address of what is at `path` below the repository. The caller frees. */
char *server_url(const struct server *s, const char *path);
char *server_blob_url(const struct server *s, const struct digest *d);

#endif
