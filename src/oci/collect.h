/* SPDX-License-Identifier: MIT */
/* collect: all signatures of an image, of both formats, into the store as they are, to be given on. */
#ifndef OCI_COLLECT_H
#define OCI_COLLECT_H

#include "oci/discover.h"
#include "oci/store.h"

struct collected {
	struct digest digest;
	int64_t size;
	char *media_type; /* of a manifest; NULL: a blob */
	char *tag; /* under which the manifest is found; NULL: it says itself of what it is */
};
struct collection {
	struct collected *items;
	int count;
};
void collection_release(struct collection *c);

/* Errors as in discover.h. A signature of which something is missing is left out. */
int collect_signatures(struct err *e, struct discover_place from, const struct digest *top,
                       struct store *s, struct collection *ret) MUST_USE;

#endif
