/* SPDX-License-Identifier: MIT */
#include "crypt/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <mbedtls/sha256.h>
#include <mbedtls/sha512.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/hex.h"
#include "base/mem.h"
#include "base/str.h"

#define HASH_CHUNK (256 * 1024)

static const struct {
	const char *prefix;
	size_t size;
} algorithms[] = {
	[DIGEST_NONE] = { "none:", 0 },
	[DIGEST_SHA256] = { "sha256:", 32 },
	[DIGEST_SHA512] = { "sha512:", 64 },
};

int digest_parse(struct err *e, const char *text, struct digest *ret)
{
	for (enum digest_algorithm a = DIGEST_SHA256; a <= DIGEST_SHA512; a++) {
		const char *hex = text + strlen(algorithms[a].prefix);

		if (!str_starts(text, algorithms[a].prefix))
			continue;
		*ret = (struct digest){ .algorithm = a };
		if (strlen(hex) != 2 * algorithms[a].size ||
		    !hex_decode(hex, algorithms[a].size, ret->bytes))
			break;
		return 0;
	}
	return err_set(e, ERR_REJECTED, "'%.150s' is not a digest (sha256: and 64 lower-case hex digits)",
	               text);
}

const char *digest_hex(const struct digest *d, char ret[DIGEST_TEXT_MAX])
{
	hex_encode(d->bytes, algorithms[d->algorithm].size, ret);
	return ret;
}

void digest_format(const struct digest *d, char ret[DIGEST_TEXT_MAX])
{
	char hex[DIGEST_TEXT_MAX];

	snprintf(ret, DIGEST_TEXT_MAX, "%s%.128s", algorithms[d->algorithm].prefix, digest_hex(d, hex));
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
	return a->algorithm == b->algorithm && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

_Static_assert(sizeof(mbedtls_sha256_context) <= sizeof(((struct hash *)0)->state), "too small");
_Static_assert(sizeof(mbedtls_sha512_context) <= sizeof(((struct hash *)0)->state), "too small");

static mbedtls_sha256_context *sha256(struct hash *h)
{
	return (mbedtls_sha256_context *)(void *)h->state;
}

static mbedtls_sha512_context *sha512(struct hash *h)
{
	return (mbedtls_sha512_context *)(void *)h->state;
}

/* The plain software functions of the library fail only on null pointers. */
void hash_init(struct hash *h, enum digest_algorithm algorithm)
{
	h->algorithm = algorithm;
	if (algorithm == DIGEST_SHA512) {
		mbedtls_sha512_init(sha512(h));
		mbedtls_sha512_starts(sha512(h), 0);
	} else {
		mbedtls_sha256_init(sha256(h));
		mbedtls_sha256_starts(sha256(h), 0);
	}
}

void hash_update(struct hash *h, const void *data, size_t len)
{
	if (h->algorithm == DIGEST_SHA512)
		mbedtls_sha512_update(sha512(h), data, len);
	else
		mbedtls_sha256_update(sha256(h), data, len);
}

void hash_final(struct hash *h, struct digest *ret)
{
	*ret = (struct digest){ .algorithm = h->algorithm };
	if (h->algorithm == DIGEST_SHA512)
		mbedtls_sha512_finish(sha512(h), ret->bytes);
	else
		mbedtls_sha256_finish(sha256(h), ret->bytes);
}

void digest_of(const void *data, size_t len, struct digest *ret)
{
	struct hash h;

	hash_init(&h, DIGEST_SHA256);
	hash_update(&h, data, len);
	hash_final(&h, ret);
}

int digest_of_fd(struct err *e, int fd, const char *name, struct digest *ret)
{
	CLEANUP(mem_freep) char *buf = mem_alloc(HASH_CHUNK);
	struct hash h;
	ssize_t n;

	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(e, "cannot read '%s'", name);
	hash_init(&h, DIGEST_SHA256);
	while ((n = read(fd, buf, HASH_CHUNK)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "cannot read '%s'", name);
		hash_update(&h, buf, (size_t)n);
	}
	hash_final(&h, ret);
	return 0;
}

int digest_of_file(struct err *e, const char *path, struct digest *ret)
{
	CLEANUP(mem_closep) int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, "cannot open '%s'", path);
	return digest_of_fd(e, fd, path, ret);
}
