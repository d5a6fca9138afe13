/* SPDX-License-Identifier: MIT */
/*
 * discover: the signatures that are kept beside an image, in a registry or in a layout (oci/layout.h).
 * Where they are, is convention:
 *
 *	classic  the tag "sha256-HEX.sig" of the same repository, one layer for each signature
 *	         (sigstore/cosign, specs/SIGNATURE_SPEC.md)
 *	bundle   the manifests that refer to the image (OCI distribution-spec 1.1, "Listing Referrers"),
 *	         and where the registry cannot list these, the tag "sha256-HEX", an index
 *
 * An index of referrers is read with reserve: what it says of a manifest's type may be the type of
 * its configuration, so only the manifest itself decides.
 */
#ifndef OCI_DISCOVER_H
#define OCI_DISCOVER_H

#include "base/limits.h"
#include "oci/registry.h"
#include "oci/signature.h"

#define DISCOVER_INDEX_TYPE "application/vnd.oci.image.index.v1+json"

/* How a place gives what it keeps. What is not there is no error; errors as in registry.h. */
struct discover_ops {
	/* A manifest or index by tag or digest. */
	int (*document)(struct err *e, void *ctx, const char *name, struct document *ret,
	                bool *ret_found);
	int (*blob)(struct err *e, void *ctx, const struct digest *d, int64_t size,
	            struct document *ret);
	/* A page of the manifests that refer to `top`, of the type of bundles; next: the `next` of the page
	 * before, or NULL. Not found: this place does not list them. */
	int (*referrers)(struct err *e, void *ctx, const struct digest *top, const char *next,
	                 struct document *ret, bool *ret_found);
};
struct discover_place {
	const struct discover_ops *ops;
	void *ctx;
};

struct discover_registry {
	struct registry *registry;
	struct http *http;
};
struct discover_place discover_in_registry(struct discover_registry *r);

/*
 * Adds the signatures of one format for that digest. What cannot be read is added as well, with what
 * is wrong with it. ERR_RETRY as in registry.h; ERR_REJECTED when there are more than SIGNATURES_MAX.
 */
int discover_signatures(struct err *e, struct discover_place from, const struct digest *top,
                        enum signature_format f, struct signature_list *ret) MUST_USE;

#endif
