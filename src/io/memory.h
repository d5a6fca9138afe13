/* SPDX-License-Identifier: MIT */
/* memory: a sink that keeps what it is given, up to a limit. For documents, not for layers. */
#ifndef IO_MEMORY_H
#define IO_MEMORY_H

#include "base/str.h"
#include "io/sink.h"

struct memory_sink {
	struct sink sink;
	struct str data;
	size_t limit; /* bytes; one more is an error, ERR_REJECTED */
	const char *name;
};

void memory_sink_init(struct memory_sink *s, size_t limit, const char *name);

#endif
