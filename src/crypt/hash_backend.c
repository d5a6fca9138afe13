// SPDX-License-Identifier: MIT
#include "crypt/hash_backend.h"

#include <mbedtls/sha256.h>
#include <mbedtls/sha512.h>
#include <stdatomic.h>
#include <string.h>

#include "crypt/sha256_block.h"

/* ---- mbedTLS: its plain software functions fail only on null pointers */

static mbedtls_sha256_context *sha256(struct hash *h)
{
	return (mbedtls_sha256_context *)(void *)h->state;
}

static void sha256_init(struct hash *h)
{
	mbedtls_sha256_init(sha256(h));
	mbedtls_sha256_starts(sha256(h), 0);
}

static void sha256_update(struct hash *h, const void *data, size_t len)
{
	mbedtls_sha256_update(sha256(h), data, len);
}

static void sha256_final(struct hash *h, uint8_t *ret)
{
	mbedtls_sha256_finish(sha256(h), ret);
}

static mbedtls_sha512_context *sha512(struct hash *h)
{
	return (mbedtls_sha512_context *)(void *)h->state;
}

static void sha512_init(struct hash *h)
{
	mbedtls_sha512_init(sha512(h));
	mbedtls_sha512_starts(sha512(h), 0);
}

static void sha512_update(struct hash *h, const void *data, size_t len)
{
	mbedtls_sha512_update(sha512(h), data, len);
}

static void sha512_final(struct hash *h, uint8_t *ret)
{
	mbedtls_sha512_finish(sha512(h), ret);
}

/* ---- SHA-256 by sha256_block: gathers blocks, and pads the last (FIPS 180-4, 5.1.1) */

#define LENGTH_AT (SHA256_BLOCK - 8) /* the last block ends with the length in bits */

struct blocks {
	uint32_t state[8];
	uint64_t total; /* bytes so far; total % SHA256_BLOCK of them are in tail */
	uint8_t tail[SHA256_BLOCK];
};

static struct blocks *blocks(struct hash *h)
{
	return (struct blocks *)(void *)h->state;
}

static void blocks_init(struct hash *h)
{
	*blocks(h) = (struct blocks){ .state = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
		                                 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 } };
}

static void blocks_update(struct hash *h, const void *data, size_t len)
{
	struct blocks *b = blocks(h);
	size_t held = b->total % SHA256_BLOCK;
	const uint8_t *p = data;

	if (len == 0)
		return; /* data may be NULL */
	b->total += len;
	if (held > 0) {
		size_t n = len < SHA256_BLOCK - held ? len : SHA256_BLOCK - held;

		memcpy(b->tail + held, p, n);
		if (held + n < SHA256_BLOCK)
			return;
		sha256_block(b->state, b->tail, 1);
		p += n;
		len -= n;
	}
	sha256_block(b->state, p, len / SHA256_BLOCK);
	memcpy(b->tail, p + len - len % SHA256_BLOCK, len % SHA256_BLOCK);
}

static void put_be(uint8_t *p, uint64_t value, int bytes)
{
	while (bytes-- > 0) {
		p[bytes] = (uint8_t)value;
		value >>= 8;
	}
}

static void blocks_final(struct hash *h, uint8_t *ret)
{
	struct blocks *b = blocks(h);
	size_t held = b->total % SHA256_BLOCK;

	b->tail[held++] = 0x80;
	memset(b->tail + held, 0, SHA256_BLOCK - held);
	if (held > LENGTH_AT) {
		sha256_block(b->state, b->tail, 1);
		memset(b->tail, 0, SHA256_BLOCK);
	}
	put_be(b->tail + LENGTH_AT, b->total * 8, 8);
	sha256_block(b->state, b->tail, 1);
	for (int i = 0; i < 8; i++)
		put_be(ret + 4 * i, b->state[i], 4);
}

/* ---- the table */

#define FITS(type) _Static_assert(sizeof(type) <= sizeof(((struct hash *)0)->state), "too small")
FITS(mbedtls_sha256_context);
FITS(mbedtls_sha512_context);
FITS(struct blocks);

const struct hash_backend hash_backends[] = {
	{ "sha256-x86", DIGEST_SHA256, sha256_block_usable, blocks_init, blocks_update,
	  blocks_final },
	{ "sha256-mbedtls", DIGEST_SHA256, NULL, sha256_init, sha256_update, sha256_final },
	{ "sha512-mbedtls", DIGEST_SHA512, NULL, sha512_init, sha512_update, sha512_final },
	{ NULL, DIGEST_NONE, NULL, NULL, NULL, NULL },
};

const struct hash_backend *hash_backend_of(enum digest_algorithm algorithm)
{
	/* Two threads that come first together find the same. */
	static _Atomic(const struct hash_backend *) chosen[2];
	const bool is_sha512 = algorithm == DIGEST_SHA512;
	const struct hash_backend *b =
		atomic_load_explicit(&chosen[is_sha512], memory_order_relaxed);

	if (b)
		return b;
	b = hash_backends;
	while ((b->algorithm == DIGEST_SHA512) != is_sha512 || (b->usable && !b->usable()))
		b++;
	atomic_store_explicit(&chosen[is_sha512], b, memory_order_relaxed);
	return b;
}
