/* SPDX-License-Identifier: MIT */
/*
 * inflate: a source that gives the plain bytes of a compressed one.
 *
 * What it is compressed with is seen from its first bytes, as every engine does, not from what a
 * manifest calls it: gzip (RFC 1952), zstd (RFC 8878), or neither, which is passed through.
 * Several gzip members or zstd frames one after the other are one stream. The end is only the end
 * when the last member is complete and its checksum right: a truncated stream or one with
 * anything else behind it is ERR_REJECTED.
 */
#ifndef CODEC_INFLATE_H
#define CODEC_INFLATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"
#include "io/source.h"

struct inflate_backend;

struct inflate {
	struct source source;
	struct source *below; /* borrowed */
	const char *name;     /* for messages, borrowed */

	const struct inflate_backend *backend; /* NULL for plain, and before the first read */
	void *state;                           /* the backend's */
	unsigned char *in;                     /* what was read from below ... */
	size_t at, have;                       /* ... and is not used yet */
	bool started, ended;                   /* format known; nothing more below */
	bool between;                          /* a member is complete, no other one has begun */
	int64_t total, limit;                  /* plain bytes so far, and allowed */
};

/* limit: plain bytes; one more is ERR_REJECTED. */
void inflate_init(struct inflate *f, struct source *below, int64_t limit, const char *name);
/* "gzip", "zstd" or "plain"; after the first read. */
const char *inflate_format(const struct inflate *f);

#endif
