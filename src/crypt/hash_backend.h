/* SPDX-License-Identifier: MIT */
/*
 * hash_backend: who computes a hash on this machine. digest.h is what everyone uses; only it and
 * the tests look in here.
 */
#ifndef CRYPT_HASH_BACKEND_H
#define CRYPT_HASH_BACKEND_H

#include "crypt/digest.h"

/* The operations work on h->state, which is theirs between init and final. */
struct hash_backend {
	const char *name;
	enum digest_algorithm algorithm;
	bool (*usable)(void); /* NULL: on every processor */
	void (*init)(struct hash *h);
	void (*update)(struct hash *h, const void *data, size_t len);
	void (*final)(struct hash *h, uint8_t *ret); /* as many bytes as the algorithm has */
};

/* For each algorithm the fastest first and a portable one last; ends with a NULL name. */
extern const struct hash_backend hash_backends[];

/* The first that is usable, always the same one. What is not sha512 is hashed as sha256. */
const struct hash_backend *hash_backend_of(enum digest_algorithm algorithm);

#endif
