// SPDX-License-Identifier: MIT
#include <mbedtls/sha256.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/hex.h"
#include "base/mem.h"
#include "crypt/hash_backend.h"
#include "crypt/sha256_block.h"
#include "tap.h"

#define LENGTHS 1000
#define MILLION 1000000

#define ABC_448 "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"
#define ABC_896 \
	"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn" \
	"hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu"

#define EMPTY_256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define EMPTY_512 \
	"cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce" \
	"47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"

/* FIPS 180-4 by NIST's examples "SHA256.pdf", "SHA512.pdf" and "SHA2_Additional.pdf". */
static const struct {
	enum digest_algorithm algorithm;
	const char *text; /* NULL: a million times "a" */
	const char *hex;
} vectors[] = {
	{ DIGEST_SHA256, "", EMPTY_256 },
	{ DIGEST_SHA256, "abc",
	  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ DIGEST_SHA256, ABC_448,
	  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
	{ DIGEST_SHA256, ABC_896,
	  "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1" },
	{ DIGEST_SHA256, NULL, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0" },
	{ DIGEST_SHA512, "", EMPTY_512 },
	{ DIGEST_SHA512, "abc",
	  "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
	  "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f" },
	{ DIGEST_SHA512, ABC_896,
	  "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018"
	  "501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909" },
	{ DIGEST_SHA512, NULL,
	  "e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa973eb"
	  "de0ff244877ea60a4cb0432ce577c31beb009c5c2c49aa2e4eadb217ad8cc09b" },
};

static size_t size_of(const struct hash_backend *b)
{
	return b->algorithm == DIGEST_SHA512 ? 64 : 32;
}

/* Pieces of `piece` bytes, the last shorter; 0: one call, as also for no bytes. */
static void run(const struct hash_backend *b, const uint8_t *data, size_t len, size_t piece,
                uint8_t ret[64])
{
	struct hash h = { .algorithm = b->algorithm };

	memset(h.state, 0xa5, sizeof(h.state)); /* init may not count on zeroes */
	b->init(&h);
	for (size_t at = 0; at < len || at == 0; at += piece) {
		size_t n = piece && piece < len - at ? piece : len - at;

		b->update(&h, data + at, n);
		if (piece == 0 || len == 0)
			break;
	}
	b->final(&h, ret);
}

static void known(const struct hash_backend *b)
{
	CLEANUP(mem_freep) char *as = mem_alloc(MILLION);
	char hex[DIGEST_TEXT_MAX];
	uint8_t bytes[64];

	memset(as, 'a', MILLION);
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		const char *text = vectors[i].text ? vectors[i].text : as;
		size_t len = vectors[i].text ? strlen(text) : MILLION;

		if (vectors[i].algorithm != b->algorithm)
			continue;
		run(b, (const uint8_t *)text, len, 0, bytes);
		hex_encode(bytes, size_of(b), hex);
		is_str(hex, vectors[i].hex, "%s: %zu bytes", b->name, len);
	}
}

static void fill(uint8_t *data, size_t len)
{
	uint32_t x = 1;

	for (size_t i = 0; i < len; i++) {
		x = x * 1664525 + 1013904223;
		data[i] = (uint8_t)(x >> 24);
	}
}

/*
 * Every length in one call and in pieces of every odd kind. The data ends where its allocation
 * ends, and with most lengths is not aligned, so that a sanitizer sees a byte too many.
 */
static void agrees(const struct hash_backend *b)
{
	static const size_t pieces[] = { 0, 1, 3, 17, 55, 56, 63, 64, 65, 127, 129, 191, 321 };
	CLEANUP(mem_freep) uint8_t *data = mem_alloc(LENGTHS);
	size_t wrong = 0;

	fill(data, LENGTHS);
	for (size_t len = 0; len <= LENGTHS; len++) {
		const uint8_t *p = data + LENGTHS - len;
		uint8_t want[32], have[64];

		mbedtls_sha256(p, len, want, 0);
		for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
			run(b, p, len, pieces[i], have);
			if (memcmp(have, want, sizeof(want)) == 0)
				continue;
			if (wrong++ == 0)
				note("first: %zu bytes in pieces of %zu", len, pieces[i]);
		}
	}
	is_int((int64_t)wrong, 0, "%s: 0 to %d bytes, in pieces, as mbedTLS", b->name, LENGTHS);

	wrong = 0;
	for (size_t cut = 0; cut <= 300; cut++) {
		struct hash h = { .algorithm = b->algorithm };
		uint8_t want[32], have[32];

		mbedtls_sha256(data, 300, want, 0);
		b->init(&h);
		b->update(&h, data, cut);
		b->update(&h, NULL, 0);
		b->update(&h, data + cut, 300 - cut);
		b->final(&h, have);
		wrong += memcmp(have, want, sizeof(want)) != 0;
	}
	is_int((int64_t)wrong, 0, "%s: 300 bytes cut in two anywhere", b->name);
}

/* More than 2^32 bits: the length in the padding has a high word. */
static void long_one(const struct hash_backend *b)
{
	enum { PIECE = 1 << 20, TIMES = 513 };
	CLEANUP(mem_freep) uint8_t *data = mem_alloc(PIECE);
	struct hash h = { .algorithm = b->algorithm };
	char hex[DIGEST_TEXT_MAX];
	uint8_t bytes[32];

	b->init(&h);
	for (int i = 0; i < TIMES; i++)
		b->update(&h, data, PIECE);
	b->final(&h, bytes);
	hex_encode(bytes, sizeof(bytes), hex);
	is_str(hex, "a3e2acbb469e4e59dde406f912e754c933c1ac0fb0092a3634d61d5073309c0c",
	       "%s: 513 MiB of zeroes", b->name);
}

static void backends(void)
{
	for (const struct hash_backend *b = hash_backends; b->name; b++) {
		if (b->usable && !b->usable()) {
			ok(true, "%s # SKIP this processor has no such instructions", b->name);
			continue;
		}
		known(b);
		if (b->algorithm != DIGEST_SHA256)
			continue;
		agrees(b);
		if (b->usable)
			long_one(b);
	}
	is_str(hash_backend_of(DIGEST_SHA256)->name,
	       sha256_block_usable() ? "sha256-x86" : "sha256-mbedtls", "the fastest is taken");
	is_str(hash_backend_of(DIGEST_SHA512)->name, "sha512-mbedtls", "sha512 has its own");
	ok(hash_backend_of(DIGEST_SHA256) == hash_backend_of(DIGEST_SHA256), "always the same one");
	ok(hash_backend_of(DIGEST_NONE) == hash_backend_of(DIGEST_SHA256),
	   "none is hashed as sha256");
}

/* ---- digest.h */

static void steps(void)
{
	char text[DIGEST_TEXT_MAX];
	struct digest d, again;
	struct hash h;

	digest_of("abc", 3, &d);
	hash_init(&h, DIGEST_SHA256);
	hash_update(&h, "a", 1);
	hash_update(&h, "bc", 2);
	hash_final(&h, &again);
	ok(digest_equal(&d, &again), "in steps as in one");
	digest_format(&d, text);
	is_str(text, "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
	       "sha256 of abc");
	ok(memcmp(d.bytes + 32, (const uint8_t[32]){ 0 }, 32) == 0, "the unused half is zero");

	hash_init(&h, DIGEST_SHA512);
	hash_final(&h, &d);
	digest_format(&d, text);
	is_str(text, "sha512:" EMPTY_512, "sha512 of nothing");

	hash_init(&h, DIGEST_NONE);
	hash_final(&h, &d);
	ok(d.algorithm == DIGEST_NONE &&
	           !digest_equal(&d, &(struct digest){ .algorithm = DIGEST_NONE }),
	   "no algorithm: equal to no digest that was never set");
}

static void files(void)
{
	char path[] = "/tmp/test_digest.XXXXXX", link[sizeof(path) + 2];
	int fd = mkstemp(path);
	struct digest want, have;
	struct err e;

	if (!ok(fd >= 0 && write(fd, "abc", 3) == 3, "a file"))
		return;
	snprintf(link, sizeof(link), "%s.l", path);
	digest_of("abc", 3, &want);
	ok(digest_of_fd(&e, fd, path, &have) == 0 && digest_equal(&have, &want),
	   "a descriptor, from its beginning");
	ok(digest_of_file(&e, path, &have) == 0 && digest_equal(&have, &want), "a file by name");
	ok(symlink(path, link) == 0 && digest_of_file(&e, link, &have) < 0,
	   "a link is not followed");
	unlink(link);
	unlink(path);
	close(fd);
	ok(digest_of_file(&e, path, &have) < 0 && e.sys != 0, "no such file: errno is kept");
}

static void parses(void)
{
	static const char *const good[] = { "sha256:" EMPTY_256, "sha512:" EMPTY_512 };
	char text[DIGEST_TEXT_MAX];
	struct digest d, other;
	struct err e;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		text[0] = '\0';
		if (ok(digest_parse(&e, good[i], &d) == 0, "parsed: %.6s", good[i]))
			digest_format(&d, text);
		is_str(text, good[i], "and written as it was");
		is_str(digest_hex(&d, text), good[i] + 7, "and without its algorithm");
	}
	ok(digest_parse(&e, good[0], &d) == 0 && d.bytes[0] == 0xe3 && d.bytes[31] == 0x55,
	   "the bytes are in order");
	other = d;
	other.algorithm = DIGEST_SHA512;
	ok(!digest_equal(&d, &other), "another algorithm is another digest");
	other = d;
	other.bytes[31] ^= 1;
	ok(!digest_equal(&d, &other), "one bit is another digest");
}

static void refused(void)
{
	static const struct {
		const char *text, *why;
	} bad[] = {
		{ "", "nothing" },
		{ "sha256", "no colon" },
		{ "sha256:", "no digits" },
		{ EMPTY_256, "no algorithm" },
		{ ":" EMPTY_256, "an empty algorithm" },
		{ "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85",
		  "63 digits" },
		{ "sha256:" EMPTY_256 "0", "65 digits" },
		{ "sha256:" EMPTY_256 "\n", "a newline behind" },
		{ "sha256:" EMPTY_256 " ", "a space behind" },
		{ "sha256:" EMPTY_256 "/..", "a path behind" },
		{ "sha256: " EMPTY_256, "a space within" },
		{ " sha256:" EMPTY_256, "a space in front" },
		{ "sha256:" EMPTY_512, "sha256 with 128 digits" },
		{ "sha512:" EMPTY_256, "sha512 with 64 digits" },
		{ "sha512:" EMPTY_512 "00", "sha512 with 130 digits" },
		{ "sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855",
		  "upper-case digits" },
		{ "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85G",
		  "a G" },
		{ "sha256:../../../../../../../../../../../../../../../../../../../../../x",
		  "64 characters of a path" },
		{ "SHA256:" EMPTY_256, "an upper-case algorithm" },
		{ "sha384:" EMPTY_256, "an algorithm that is not known" },
		{ "sha256+b64:" EMPTY_256, "an algorithm with a component" },
		{ "none:", "the name of no algorithm" },
	};
	struct digest d;
	struct err e;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		e = (struct err){ 0 };
		ok(digest_parse(&e, bad[i].text, &d) < 0 && e.code == ERR_REJECTED, "refused: %s",
		   bad[i].why);
	}
}

int main(void)
{
	backends();
	steps();
	files();
	parses();
	refused();
	return done_testing();
}
