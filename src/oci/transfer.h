/* SPDX-License-Identifier: MIT */
/* transfer: the layers that are missing in the store, out of a registry, several at once. */
#ifndef OCI_TRANSFER_H
#define OCI_TRANSFER_H

#include "oci/image.h"
#include "oci/registry.h"
#include "oci/store.h"

/* One layer that an image needs; the same digest occurs once. */
struct transfer {
	const struct layer *layer;
	struct meter meter;
	bool there;    /* in the store from the beginning */
	bool complete; /* in the store now; read when its transfer has ended */
};

struct transfer_list {
	struct transfer *items;
	int count;
	int64_t missing; /* bytes of those that are not there */
};
void transfer_list_make(struct transfer_list *l, const struct image *i, const struct store *s);
void transfer_list_release(struct transfer_list *l);

struct transfer_options {
	int parallel;            /* at once; 0: a sensible number */
	bool (*stop)(void *ctx); /* asked now and then, in the calling thread; true: ERR_RETRY */
	void *ctx;
};

/* Errors as in fetch.h. */
int transfer_run(struct err *e, const struct transfer_options *o, struct transfer_list *l,
                 struct registry *r, struct store *s) MUST_USE;

#endif
