/* SPDX-License-Identifier: MIT */
/*
 * discover: the signatures that a registry keeps beside an image. Where they are, is convention:
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

/*
 * Adds the signatures of one format for that digest. What cannot be read is added as well, with what
 * is wrong with it. ERR_RETRY as in registry.h; ERR_REJECTED when there are more than SIGNATURES_MAX.
 */
int discover_signatures(struct err *e, struct registry *r, struct http *h, const struct digest *top,
                        enum signature_format f, struct signature_list *ret) MUST_USE;

#endif
