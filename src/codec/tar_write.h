/* SPDX-License-Identifier: MIT */
/*
 * tar_write: a tar archive of regular files, to a sink. Format: ustar, with pax headers where a file
 * needs them (8 GiB and more). Owner, time and mode are always the same, so the same files in the same
 * order are the same bytes.
 */
#ifndef CODEC_TAR_WRITE_H
#define CODEC_TAR_WRITE_H

#include <stdint.h>

#include "io/sink.h"
#include "io/source.h"

struct tar_writer;

/* `to` and `name` (for messages) are borrowed; the caller finishes the sink after tar_writer_finish(). */
int tar_writer_open(struct err *e, struct sink *to, const char *name,
                    struct tar_writer **ret) MUST_USE;
/* Exactly `size` bytes of content, or it is an error. */
int tar_writer_add(struct err *e, struct tar_writer *w, const char *path, int64_t size,
                   struct source *content) MUST_USE;
int tar_writer_finish(struct err *e, struct tar_writer *w) MUST_USE;
void tar_writer_close(struct tar_writer *w);
void tar_writer_closep(struct tar_writer **w); /* for CLEANUP */

#endif
