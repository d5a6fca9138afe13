/* SPDX-License-Identifier: MIT */
/* fd: file descriptors as source and sink. The descriptor stays the caller's. */
#ifndef IO_FD_H
#define IO_FD_H

#include "io/sink.h"
#include "io/source.h"

struct fd_source {
	struct source source;
	int fd;
	const char *name; /* for messages, borrowed */
};

struct fd_sink {
	struct sink sink;
	int fd;
	const char *name; /* for messages, borrowed */
};

void fd_source_init(struct fd_source *s, int fd, const char *name);
/* Its finish does not sync: durability belongs to who knows what the file is for (os/durable.h). */
void fd_sink_init(struct fd_sink *s, int fd, const char *name);

#endif
