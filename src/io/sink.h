/* SPDX-License-Identifier: MIT */
/*
 * sink: bytes that are pushed. Sinks stack like sources: a filter writes to the one below it,
 * which it does not own.
 *
 *	sink_write()   takes all of the bytes or fails
 *	sink_finish()  gives the verdict: everything arrived, was right, and was handed on.
 *	               It finishes the sinks below as well. Without it nothing counts.
 *	sink_close()   releases what this sink itself holds, without a verdict; always once
 *
 * An error is sticky: after it every write and the finish fail with the same error.
 */
#ifndef IO_SINK_H
#define IO_SINK_H

#include <stddef.h>

#include "base/err.h"

struct sink;

struct sink_ops {
	int (*write)(struct err *e, struct sink *s, const void *buf, size_t len);
	int (*finish)(struct err *e, struct sink *s);
	void (*close)(struct sink *s);
};

struct sink {
	const struct sink_ops *ops;
	struct err *failed; /* the first error, owned; NULL while all is well */
};

int sink_write(struct err *e, struct sink *s, const void *buf, size_t len) MUST_USE;
int sink_finish(struct err *e, struct sink *s) MUST_USE;
void sink_close(struct sink *s);

#endif
