/* SPDX-License-Identifier: MIT */
/*
 * tar: the entries of a tar archive, one after the other, from a source of plain bytes.
 * Formats: ustar and pax (POSIX.1-2001, pax, "ustar Interchange Format", "pax Interchange
 * Format"), GNU tar (long names, base-256 numbers, sparse files).
 *
 * It is strict: a damaged header, a name that is not UTF-8 in a pax header, a truncated archive,
 * content where the type has none, or anything but zeros behind the end is ERR_REJECTED. The names
 * are as they stand in the archive; what they mean is for the caller to judge.
 */
#ifndef CODEC_TAR_H
#define CODEC_TAR_H

#include <stdint.h>

#include "io/source.h"

enum tar_type {
	TAR_FILE,
	TAR_HARDLINK, /* never has content of its own here */
	TAR_SYMLINK,
	TAR_DIRECTORY,
	TAR_SPECIAL /* a device, FIFO or what else there may be */
};

struct tar_entry {
	const char *path; /* never empty */
	const char *link; /* of a hard or symbolic link, otherwise NULL */
	enum tar_type type;
	int64_t size;  /* bytes of a file; 0 for all else */
	unsigned mode; /* permission bits with setuid, setgid and sticky */
};

struct tar;

/* `from` and `name` (for messages) are borrowed. */
int tar_open(struct err *e, struct source *from, const char *name, struct tar **ret) MUST_USE;
void tar_close(struct tar *t);
void tar_closep(struct tar **t); /* for CLEANUP */

/*
 * *ret is valid until the next call; NULL at the end, when `from` was read to its own end too.
 * What was not read of the entry before is skipped.
 */
int tar_next(struct err *e, struct tar *t, const struct tar_entry **ret) MUST_USE;
/* The content of the current entry, exactly its size; holes are zeros. Belongs to t. */
struct source *tar_data(struct tar *t);

#endif
