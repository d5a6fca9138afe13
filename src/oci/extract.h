/* SPDX-License-Identifier: MIT */
/*
 * extract: single files out of an image's layers, into the store.
 *
 * Layers are read from the store (verified blobs only), uncompressed, checked against their
 * diff_id, and combined as a container would see them: the uppermost layer wins, whiteouts and
 * opaque directories hide what is below (OCI image-spec layer.md). Nothing but the content of
 * regular files ever leaves an image; no path of an archive is ever opened on the node.
 */
#ifndef OCI_EXTRACT_H
#define OCI_EXTRACT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"
#include "oci/image.h"
#include "oci/store.h"

struct extracted {
	char *path;           /* in the image, absolute, normalised: "/usr/local/bin/dockerd" */
	struct digest digest; /* sha256 of the content, which is in the store */
	int64_t size;
	unsigned mode; /* permission bits as in the archive; never setuid, setgid */
};

struct extracted_list {
	struct extracted *items; /* in the order of their paths */
	int count;
};

/*
 * Takes every regular file for which wanted() says yes. Hard links count as the file they link to;
 * a symbolic link or a special file with a wanted name is left out. Each layer is read at most
 * twice (the second time only when a hard link's target was passed by).
 * progress() as in fetch.h, called with bytes of layers read so far; may be NULL.
 */
int extract_files(struct err *e, const struct image *i, struct store *s,
                  bool (*wanted)(const char *path, void *ctx),
                  int (*progress)(int64_t bytes, void *ctx), void *ctx,
                  struct extracted_list *ret) MUST_USE;
void extracted_list_release(struct extracted_list *l);

#endif
