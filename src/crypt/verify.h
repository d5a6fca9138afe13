/* SPDX-License-Identifier: MIT */
/*
 * verify: a sink that lets pass what it hashes and says at the end whether that was what was
 * promised. Finish fails closed: short, long or different content is ERR_REJECTED.
 */
#ifndef CRYPT_VERIFY_H
#define CRYPT_VERIFY_H

#include "crypt/digest.h"
#include "io/sink.h"

struct verify_sink {
	struct sink sink;
	struct sink *below; /* NULL: only check */
	struct hash hash;
	struct digest want;
	int64_t size, seen; /* bytes; size -1: not known */
	const char *name;
};

void verify_sink_init(struct verify_sink *s, const struct digest *want, int64_t size,
                      struct sink *below, const char *name);

/* A sink that only hashes: after finish the digest is in *ret (sha256). */
struct hash_sink {
	struct sink sink;
	struct sink *below;
	struct hash hash;
	struct digest *ret;
	int64_t seen;
};

void hash_sink_init(struct hash_sink *s, struct sink *below, struct digest *ret);

#endif
