/* SPDX-License-Identifier: MIT */
/*
 * import: an image that comes from no registry, taken into the store. From there on it is fetched
 * (oci/fetch.h) like any other, only that nothing of it is missing: there is one path to verified
 * content.
 *
 * Formats, seen from what is inside: an OCI layout (oci/layout.h), as a directory or an archive, and
 * the archive of `docker save` of any age (oci/docker_archive.h). Entries may come in any order; the
 * content of a blob counts by its digest, which is checked while it streams, and everything that is
 * neither a blob, a layer nor a document of these formats is passed over.
 */
#ifndef OCI_IMPORT_H
#define OCI_IMPORT_H

#include "codec/json.h"
#include "oci/origin.h"
#include "oci/pack.h"
#include "oci/store.h"

struct import {
	char *text;            /* of the origin, for messages */
	struct digest top;     /* its document, index or manifest: in the store if it was there */
	struct reference name; /* host and path "" where nothing says it */
	bool named_inside;     /* the name is what the file or engine says, not the user */
	bool from_engine;
	bool pinned; /* the digest in it is the user's: it must be this very image */
	bool remade; /* by an engine: its documents may be others than those in the registry, and no
	              * signature is with them */
	struct json *index; /* index.json, or NULL */
	int64_t bytes;      /* that were read */
};

struct import_options {
	const struct origin *origin;
	bool (*stop)(void *ctx); /* asked all the time; true: ERR_RETRY. May be NULL. */
	void *ctx;
};

/* ERR_REJECTED: it is none of the formats, damaged, truncated, or beyond the limits (base/limits.h).
 * ERR_USAGE: more than one image. */
int import_pack(struct err *e, const struct import_options *o, struct pack *p, struct store *s,
                struct import *ret) MUST_USE;
void import_release(struct import *i);

#endif
