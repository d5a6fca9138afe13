/* SPDX-License-Identifier: MIT */
/*
 * source: bytes that are pulled. Sources stack: each filter owns a struct that begins with
 * `struct source` and reads from the one below it, which it does not own.
 *
 *	source_read()   gives the next bytes, 0 at the end
 *	source_close()  releases what this source itself holds; always once, after success and failure
 *
 * An error is sticky: after it every read fails with the same error.
 */
#ifndef IO_SOURCE_H
#define IO_SOURCE_H

#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

struct source;

struct source_ops {
	ssize_t (*read)(struct err *e, struct source *s, void *buf, size_t len);
	void (*close)(struct source *s);
};

struct source {
	const struct source_ops *ops;
	struct err *failed; /* the first error, owned; NULL while all is well */
};

/* Up to len (> 0) bytes; 0 at the end, -1 on error. */
ssize_t source_read(struct err *e, struct source *s, void *buf, size_t len) MUST_USE;
void source_close(struct source *s);

#endif
