/* SPDX-License-Identifier: MIT */
/* copy: everything from a source to a sink, through one buffer. */
#ifndef IO_COPY_H
#define IO_COPY_H

#include "io/sink.h"
#include "io/source.h"

#define IO_COPY_CHUNK (256 * 1024)

/* Reads to the end and writes all of it. The caller finishes the sink. */
int io_copy(struct err *e, struct source *from, struct sink *to) MUST_USE;

#endif
