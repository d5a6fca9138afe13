/* SPDX-License-Identifier: MIT */
/*
 * digest: content identifiers, "sha256:HEX" or "sha512:HEX".
 * Grammar: OCI image-spec, descriptor.md, "Digests"; only the registered algorithms are known, so
 * a digest that was parsed is always safe as a file name.
 */
#ifndef CRYPT_DIGEST_H
#define CRYPT_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define DIGEST_TEXT_MAX (7 + 128 + 1)

enum digest_algorithm { DIGEST_NONE, DIGEST_SHA256, DIGEST_SHA512 };

struct digest {
	enum digest_algorithm algorithm;
	uint8_t bytes[64]; /* sha256 uses the first 32, the rest is zero */
};

/* ERR_REJECTED when text is not exactly a digest. */
int digest_parse(struct err *e, const char *text, struct digest *ret) MUST_USE;
void digest_format(const struct digest *d, char ret[DIGEST_TEXT_MAX]);
bool digest_equal(const struct digest *a, const struct digest *b);
const char *digest_hex(const struct digest *d, char ret[DIGEST_TEXT_MAX]); /* without "sha256:" */

/* Hashing in steps: init, update ..., final. Every init needs its final. */
struct hash {
	enum digest_algorithm algorithm;
	_Alignas(16) unsigned char state[256]; /* its backend's: hash_backend.h */
};

void hash_init(struct hash *h, enum digest_algorithm algorithm);
void hash_update(struct hash *h, const void *data, size_t len);
void hash_final(struct hash *h, struct digest *ret);

void digest_of(const void *data, size_t len, struct digest *ret); /* sha256 */
/* sha256 of a whole file, from its beginning; the descriptor's offset moves. */
int digest_of_fd(struct err *e, int fd, const char *name, struct digest *ret) MUST_USE;
/* The same by name, not following a symbolic link. e->sys is ENOENT when there is no such file. */
int digest_of_file(struct err *e, const char *path, struct digest *ret) MUST_USE;

#endif
