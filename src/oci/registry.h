/* SPDX-License-Identifier: MIT */
/*
 * registry: one repository of a registry, read-only. OCI distribution-spec 1.1, "Pull"; and Docker
 * Registry HTTP API V2, of which it is a part.
 *
 * It is a list of hosts, its mirrors and the origin (oci/endpoint.h). Content by digest comes from the first
 * that has it; what a tag means is asked from those that may say so, and only from the origin where a
 * signature is demanded: an older image that was signed once is signed for ever.
 *
 * A `struct registry` may be used by several threads, each with an HTTP client of its own from
 * registry_connect(). What fails for the moment is tried again here (net/retry.h).
 *
 * ERR_RETRY    no answer, or one that says no
 * ERR_REJECTED content that is not what its digest promises, also when it is asked for once more
 */
#ifndef OCI_REGISTRY_H
#define OCI_REGISTRY_H

#include <stdatomic.h>

#include "net/http.h"
#include "oci/reference.h"
#include "oci/store.h"

struct registry;

struct registry_options {
	const char *ca_file; /* as in fetch.h, all of them */
	const char *config_file;
	const char *certs_dir;
	const char *const *credential_helpers;
	const char *hosts_dir, *daemon_file;
	const char *const *insecure;
	bool signed_required;
	bool plain_http;
};

/* No request is made, but a name may be looked up (oci/insecure.h). ERR_USAGE: configuration, or plain HTTP
 * with a host that is neither this machine nor named as insecure. */
int registry_open(struct err *e, const struct registry_options *o, const struct reference *r,
                  struct registry **ret) MUST_USE;
void registry_close(struct registry *r);

/* A client for one thread. stop() as in http.h. Closed with http_close() before the registry is. */
int registry_connect(struct err *e, const struct registry *r, bool (*stop)(void *ctx), void *ctx,
                     struct http **ret) MUST_USE;

/* A manifest, index or configuration: small, and kept in memory. */
struct document {
	struct str text;
	char *media_type; /* Content-Type as it came, or NULL */
	char *next;       /* address of the page that follows (RFC 8288, rel="next"), or NULL */
	struct digest digest;
};
void document_release(struct document *d);

/* By digest when `want` is not NULL, else by the reference's tag. */
int registry_manifest(struct err *e, struct registry *r, struct http *h, const struct digest *want,
                      struct document *ret) MUST_USE;
/*
 * A document that need not be there, and of which no digest is known: `path` is below the
 * repository ("manifests/TAG"), or the `next` of the page before. *ret_found is false when the registry
 * says that there is no such thing, or that it knows no such requests. The origin is asked first, the
 * mirrors where it has none or gives no answer; that there is none is the origin's word only.
 */
int registry_optional(struct err *e, struct registry *r, struct http *h, const char *path,
                      struct document *ret, bool *ret_found) MUST_USE;
/* A blob of that size, at most IMAGE_MANIFEST_MAX. */
int registry_small_blob(struct err *e, struct registry *r, struct http *h,
                        const struct digest *want, int64_t size, struct document *ret) MUST_USE;

/* How far a blob is; read by others while it is fetched. */
struct meter {
	_Atomic int64_t have;       /* bytes of it on this node */
	_Atomic int64_t downloaded; /* bytes that came over the network for it */
};
/* A blob of any size into the store; goes on where a former attempt ended. */
int registry_blob(struct err *e, struct registry *r, struct http *h, const struct digest *want,
                  int64_t size, struct store *s, struct meter *m) MUST_USE;

#endif
