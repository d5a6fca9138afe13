/* SPDX-License-Identifier: MIT */
/* memory: a sink that keeps what it is given, up to a limit; a source of what is there already. For
 * documents, not for layers. */
#ifndef IO_MEMORY_H
#define IO_MEMORY_H

#include "base/str.h"
#include "io/sink.h"
#include "io/source.h"

struct memory_sink {
	struct sink sink;
	struct str data;
	size_t limit; /* bytes; one more is an error, ERR_REJECTED */
	const char *name;
};

void memory_sink_init(struct memory_sink *s, size_t limit, const char *name);

struct text_source {
	struct source source;
	const char *rest; /* borrowed */
};

void text_source_init(struct text_source *s, const char *text);

#endif
