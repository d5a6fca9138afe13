/* SPDX-License-Identifier: MIT */
/*
 * pack: the files of an image that is kept outside of a registry, one after the other: of a
 * directory (an OCI layout), or of a tar archive, plain or compressed with gzip or zstd.
 *
 * Of a directory the files that a layout consists of are given, and nothing else in it is looked at:
 * "oci-layout", "index.json", "blobs/ALGORITHM/NAME". Anything there but regular files and these two
 * directories is ERR_REJECTED, and no link is followed. Of an archive every file and link is given
 * by its name; none of these names is ever one on this machine.
 */
#ifndef OCI_PACK_H
#define OCI_PACK_H

#include "codec/tar.h"

struct pack_entry {
	const char *name; /* without "./" in front */
	const char *link; /* of a link; otherwise NULL */
	enum tar_type type;
	int64_t size;
};

struct pack;

/* `fd` and `name` (for messages) are borrowed; fd is a directory, or anything that can be read. */
int pack_open(struct err *e, int fd, const char *name, struct pack **ret) MUST_USE;
void pack_close(struct pack *p);
void pack_closep(struct pack **p); /* for CLEANUP */

/* As tar_next() and tar_data(). ERR_REJECTED also beyond the limits (base/limits.h). */
int pack_next(struct err *e, struct pack *p, const struct pack_entry **ret) MUST_USE;
struct source *pack_data(struct pack *p);

#endif
