/* SPDX-License-Identifier: MIT */
/*
 * layer: reads one layer of an image out of the store, entry by entry, and proves at its end that
 * it is the layer that the image's configuration names.
 *
 * The uncompressed stream is hashed to its very last byte and compared with the layer's diff_id
 * (OCI image-spec config.md); where there is none, the blob with its own digest. What was read is
 * only to be believed after layer_reader_next() has given NULL.
 */
#ifndef OCI_LAYER_H
#define OCI_LAYER_H

#include "codec/tar.h"
#include "oci/image.h"
#include "oci/store.h"

/* Bytes of blobs that were read, over several layers. fn may be NULL; not 0: stop, ERR_RETRY. */
struct layer_progress {
	int (*fn)(int64_t bytes, void *ctx);
	void *ctx;
	int64_t bytes;
};

struct layer_entry {
	const char *path; /* in the image: absolute, no empty, "." or ".." component */
	const char *link; /* target of a hard link, like path; otherwise NULL */
	enum tar_type type;
	int64_t size;
	unsigned mode;
	int64_t index; /* 0, 1, ... in the layer */
};

struct layer_reader;

/* progress is borrowed and counted on; NULL: nobody wants to know. */
int layer_reader_open(struct err *e, const struct store *s, const struct layer *l,
                      struct layer_progress *progress, struct layer_reader **ret) MUST_USE;
void layer_reader_close(struct layer_reader *r);
void layer_reader_closep(struct layer_reader **r); /* for CLEANUP */

/* *ret is valid until the next call; NULL at the end, when all was right. ERR_REJECTED for a layer
 * that is something else, malformed, or beyond the limits (base/limits.h). */
int layer_reader_next(struct err *e, struct layer_reader *r,
                      const struct layer_entry **ret) MUST_USE;
/* The content of the current entry. */
struct source *layer_reader_data(struct layer_reader *r);

#endif
