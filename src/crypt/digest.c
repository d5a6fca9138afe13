/* SPDX-License-Identifier: MIT */
#include "crypt/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/hex.h"
#include "base/mem.h"
#include "base/str.h"
#include "crypt/hash_backend.h"

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
	return err_set(e, ERR_REJECTED,
	               "'%.150s' is not a digest (sha256: and 64 lower-case hex digits)", text);
}

const char *digest_hex(const struct digest *d, char ret[DIGEST_TEXT_MAX])
{
	hex_encode(d->bytes, algorithms[d->algorithm].size, ret);
	return ret;
}

void digest_format(const struct digest *d, char ret[DIGEST_TEXT_MAX])
{
	char hex[DIGEST_TEXT_MAX];

	snprintf(ret, DIGEST_TEXT_MAX, "%s%.128s", algorithms[d->algorithm].prefix,
	         digest_hex(d, hex));
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
	return a->algorithm == b->algorithm && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

void hash_init(struct hash *h, enum digest_algorithm algorithm)
{
	h->algorithm = algorithm;
	hash_backend_of(algorithm)->init(h);
}

void hash_update(struct hash *h, const void *data, size_t len)
{
	hash_backend_of(h->algorithm)->update(h, data, len);
}

void hash_final(struct hash *h, struct digest *ret)
{
	*ret = (struct digest){ .algorithm = h->algorithm };
	hash_backend_of(h->algorithm)->final(h, ret->bytes);
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
