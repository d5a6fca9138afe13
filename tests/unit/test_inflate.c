// SPDX-License-Identifier: MIT
#include "bytes.h"
#include "codec/inflate.h"
#include "tap.h"

#define LIMIT (64 * 1024 * 1024)

/* "nodelift nodelift ... zstd frame\n", zstd -19 with checksum */
static const unsigned char zstd_frame[] = {
	0x28, 0xb5, 0x2f, 0xfd, 0x24, 0x41, 0xd5, 0x00, 0x00, 0xa0, 0x6e, 0x6f, 0x64,
	0x65, 0x6c, 0x69, 0x66, 0x74, 0x20, 0x7a, 0x73, 0x74, 0x64, 0x20, 0x66, 0x72,
	0x61, 0x6d, 0x65, 0x0a, 0x01, 0x00, 0xd2, 0x2c, 0x47, 0xd3, 0x80, 0x7d, 0xec,
};
static const char zstd_text[] =
	"nodelift nodelift nodelift nodelift nodelift nodelift zstd frame\n";

/* Reads everything; 0 at a good end. */
static int inflate_all(struct err *e, const void *data, size_t len, size_t chunk, size_t ask,
                       int64_t limit, struct str *ret, char format[16])
{
	struct bytes_source below;
	struct inflate f;
	char *buf = malloc(ask);
	ssize_t n;

	ret->len = 0;
	bytes_source_init(&below, data, len, chunk);
	inflate_init(&f, &below.source, limit, "blob");
	while ((n = source_read(e, &f.source, buf, ask)) > 0)
		str_add(ret, buf, (size_t)n);
	/* the end stays the end, an error the same error */
	if (n == 0 && source_read(e, &f.source, buf, ask) != 0)
		n = -1;
	snprintf(format, 16, "%s", inflate_format(&f));
	source_close(&f.source);
	free(buf);
	return n < 0 ? -1 : 0;
}

static void is_stream(const struct str *packed, const struct str *plain, const char *format,
                      const char *name)
{
	static const size_t chunks[] = { 1, 3, 511, 1 << 20 }, asks[] = { 1, 7, 4096, 1 << 20 };
	struct str got = { .s = NULL };
	char seen[16];
	struct err e;
	int good = 0;

	for (size_t i = 0; i < 4; i++) {
		for (size_t k = 0; k < 4; k++) {
			int r = inflate_all(&e, packed->s, packed->len, chunks[i], asks[k], LIMIT,
			                    &got, seen);

			good += r == 0 && got.len == plain->len && strcmp(seen, format) == 0 &&
			        (!got.len || memcmp(got.s, plain->s, got.len) == 0);
		}
	}
	is_int(good, 16, "%s, in all sizes of pieces", name);
	str_release(&got);
}

static void is_rejected(const void *data, size_t len, const char *message, const char *name)
{
	struct str got = { .s = NULL };
	struct err e = { .code = ERR_NONE };
	char seen[16];

	is_int(inflate_all(&e, data, len, 1 << 20, 4096, LIMIT, &got, seen), -1, "%s is an error",
	       name);
	is_int(e.code, ERR_REJECTED, "%s: rejected", name);
	if (message)
		ok(strstr(e.msg, message), "%s: %s", name, e.msg);
	str_release(&got);
}

static void test_formats(const struct str *plain)
{
	struct str s = { .s = NULL }, twice = { .s = NULL }, none = { .s = NULL };

	is_stream(plain, plain, "plain", "plain bytes");
	is_stream(&none, &none, "plain", "an empty stream");
	str_add(&s, "\x1f", 1);
	is_stream(&s, &s, "plain", "one byte");

	s.len = 0;
	bytes_gzip(&s, plain->s, plain->len);
	is_stream(&s, plain, "gzip", "one gzip member");
	bytes_gzip(&s, "", 0);
	bytes_gzip(&s, plain->s, plain->len);
	str_add(&twice, plain->s, plain->len);
	str_add(&twice, plain->s, plain->len);
	is_stream(&s, &twice, "gzip", "three gzip members");

	s.len = 0;
	bytes_zstd(&s, plain->s, plain->len);
	is_stream(&s, plain, "zstd", "one zstd frame");
	str_add(&s, "\x50\x2a\x4d\x18\x03\x00\x00\x00xyz", 11);
	bytes_zstd(&s, plain->s, plain->len);
	is_stream(&s, &twice, "zstd", "two zstd frames and a skippable one");
	s.len = twice.len = 0;
	str_add(&s, zstd_frame, sizeof(zstd_frame));
	str_add(&twice, zstd_text, strlen(zstd_text));
	is_stream(&s, &twice, "zstd", "a compressed zstd frame with checksum");
	str_release(&s);
	str_release(&twice);
}

/* Every cut and every flipped bit of a small stream ends in an error or the very same bytes. */
static void test_damage(const struct str *s, const char *text, const char *name)
{
	struct str got = { .s = NULL };
	struct err e;
	char seen[16];
	int cuts = 0, silent = 0, flips = 0;

	/* from where the format is recognised */
	for (size_t len = 4; len < s->len; len++, cuts++) {
		if (inflate_all(&e, s->s, len, 1 << 20, 4096, LIMIT, &got, seen) == 0 ||
		    e.code != ERR_REJECTED)
			silent++;
	}
	is_int(silent, 0, "%s: %d truncations, none silent", name, cuts);
	for (size_t bit = 0; bit < 8 * s->len; bit++, flips++) {
		s->s[bit / 8] ^= (char)(1 << bit % 8);
		if (inflate_all(&e, s->s, s->len, 1 << 20, 4096, LIMIT, &got, seen) == 0 &&
		    strcmp(seen, "plain") != 0 &&
		    (got.len != strlen(text) || memcmp(got.s, text, got.len) != 0))
			silent++;
		s->s[bit / 8] ^= (char)(1 << bit % 8);
	}
	is_int(silent, 0, "%s: %d flipped bits, no other content", name, flips);
	str_release(&got);
}

static void test_hostile(const struct str *plain)
{
	static const unsigned char window[] = {
		0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x98, 0x01, 0x00, 0x00
	};
	struct str s = { .s = NULL }, got = { .s = NULL };
	char seen[16];
	struct err e;

	bytes_gzip(&s, plain->s, plain->len);
	str_add(&s, "garbage", 7);
	is_rejected(s.s, s.len, "blob", "text behind gzip");
	s.len -= 7;
	str_add(&s, "\0", 1);
	is_rejected(s.s, s.len, "truncated", "a zero byte behind gzip");
	s.len--;
	is_rejected(s.s, s.len - 1, "truncated", "gzip without its last byte");
	s.s[s.len - 5] ^= 1;
	is_rejected(s.s, s.len, "incorrect data check", "gzip with a wrong checksum");
	s.s[s.len - 5] ^= 1;
	s.s[s.len - 1] ^= 1;
	is_rejected(s.s, s.len, "incorrect length check", "gzip with a wrong length");
	s.s[s.len - 1] ^= 1;
	is_int(inflate_all(&e, s.s, s.len, 999, 4096, (int64_t)plain->len, &got, seen), 0,
	       "as large as the limit");
	is_int(inflate_all(&e, s.s, s.len, 999, 4096, (int64_t)plain->len - 1, &got, seen), -1,
	       "one byte over the limit");
	ok(e.code == ERR_REJECTED && strstr(e.msg, "larger than"), "%s", e.msg);
	is_int(inflate_all(&e, plain->s, plain->len, 999, 4096, (int64_t)plain->len - 1, &got,
	                   seen),
	       -1, "the limit counts for plain bytes as well");

	s.len = 0;
	bytes_zstd(&s, plain->s, plain->len);
	str_add(&s, "garbage", 7);
	is_rejected(s.s, s.len, "zstd", "text behind zstd");
	s.len -= 7;
	str_add(&s, "\0", 1);
	is_rejected(s.s, s.len, "zstd stream", "a zero byte behind zstd");
	is_rejected(window, sizeof(window), "memory", "a zstd window of 512 MiB");
	str_release(&s);
	str_release(&got);
}

int main(void)
{
	struct str plain = { .s = NULL }, s = { .s = NULL };
	unsigned long x = 1;

	for (int i = 0; i < 60000; i++) { /* neither constant nor random */
		x = x * 6364136223846793005UL + 1442695040888963407UL;
		str_addf(&plain, "%lx%s", x >> 56, i % 7 ? "" : "nodelift\n");
	}
	test_formats(&plain);
	bytes_gzip(&s, zstd_text, strlen(zstd_text));
	test_damage(&s, zstd_text, "gzip");
	s.len = 0;
	str_add(&s, zstd_frame, sizeof(zstd_frame));
	test_damage(&s, zstd_text, "zstd");
	test_hostile(&plain);
	str_release(&plain);
	str_release(&s);
	return done_testing();
}
