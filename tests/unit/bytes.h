// SPDX-License-Identifier: MIT
#ifndef TESTS_UNIT_BYTES_H
#define TESTS_UNIT_BYTES_H

/* Material for tests of streams: a source of bytes in memory, gzip members and tar archives. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/str.h"
#include "io/source.h"

#define BYTES_UNUSED __attribute__((unused))

/* Gives at most `chunk` bytes at a time. */
struct bytes_source {
	struct source source;
	const char *p;
	size_t left, chunk;
};

BYTES_UNUSED static ssize_t bytes_read(struct err *e, struct source *source, void *buf, size_t len)
{
	struct bytes_source *s = (struct bytes_source *)source;

	(void)e;
	len = len < s->chunk ? len : s->chunk;
	len = len < s->left ? len : s->left;
	if (len)
		memcpy(buf, s->p, len);
	s->p += len;
	s->left -= len;
	return (ssize_t)len;
}

static const struct source_ops bytes_ops BYTES_UNUSED = { .read = bytes_read };

BYTES_UNUSED static void bytes_source_init(struct bytes_source *s, const void *data, size_t len,
                                           size_t chunk)
{
	*s = (struct bytes_source){
		.source = { .ops = &bytes_ops }, .p = data, .left = len, .chunk = chunk
	};
}

/* Appends one gzip member. */
BYTES_UNUSED static void bytes_gzip(struct str *to, const void *data, size_t len)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)data, .avail_in = (uInt)len };
	size_t room = len + len / 100 + 1024;
	char *out = malloc(room);

	if (!out || deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		abort();
	z.next_out = (Bytef *)out;
	z.avail_out = (uInt)room;
	if (deflate(&z, Z_FINISH) != Z_STREAM_END)
		abort();
	str_add(to, out, z.total_out);
	deflateEnd(&z);
	free(out);
}

/* Appends one zstd frame of raw blocks: RFC 8878, 3.1.1, without checksum, window 1 MiB. */
BYTES_UNUSED static void bytes_zstd(struct str *to, const void *data, size_t len)
{
	static const unsigned char head[] = { 0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x50 };
	const char *p = data;

	str_add(to, head, sizeof(head));
	do {
		size_t n = len < 100000 ? len : 100000;
		unsigned long block = (unsigned long)n << 3 | (n == len);
		unsigned char text[3] = { block & 0xff, block >> 8 & 0xff, block >> 16 & 0xff };

		str_add(to, text, sizeof(text));
		str_add(to, p, n);
		p += n;
		len -= n;
	} while (len);
}

BYTES_UNUSED static void tar_checksum(char h[512])
{
	unsigned sum = 0;

	memset(h + 148, ' ', 8);
	for (int i = 0; i < 512; i++)
		sum += (unsigned char)h[i];
	snprintf(h + 148, 7, "%06o", sum & 0777777);
}

/* Appends a ustar header, whatever it says. */
BYTES_UNUSED static void tar_header(struct str *to, char type, const char *path, const char *link,
                                    long long size, unsigned mode)
{
	char h[512] = { 0 };
	char number[24];

	memcpy(h, path, strnlen(path, 100));
	snprintf(h + 100, 8, "%07o", mode & 07777777);
	snprintf(h + 108, 8, "%07o", 0);
	snprintf(h + 116, 8, "%07o", 0);
	snprintf(number, sizeof(number), "%011llo", (unsigned long long)size & 077777777777ULL);
	memcpy(h + 124, number, 12);
	snprintf(h + 136, 12, "%011o", 0);
	h[156] = type;
	if (link)
		memcpy(h + 157, link, strnlen(link, 100));
	memcpy(h + 257, "ustar\00000", 8);
	tar_checksum(h);
	str_add(to, h, sizeof(h));
}

BYTES_UNUSED static void tar_body(struct str *to, const void *data, size_t len)
{
	static const char zeros[512];

	str_add(to, data, len);
	str_add(to, zeros, (512 - len % 512) % 512);
}

BYTES_UNUSED static void tar_file(struct str *to, const char *path, const char *content)
{
	tar_header(to, '0', path, NULL, (long long)strlen(content), 0755);
	tar_body(to, content, strlen(content));
}

/* A link (type '1' or '2'), a directory ('5'), a device ... */
BYTES_UNUSED static void tar_node(struct str *to, char type, const char *path, const char *link)
{
	tar_header(to, type, path, link, 0, 0755);
}

/* A pax header ('x' or 'g') with one record; the value may hold anything. */
BYTES_UNUSED static void tar_pax(struct str *to, char type, const char *key, const void *value,
                                 size_t len)
{
	struct str record = { .s = NULL };
	size_t rest = strlen(key) + len + 3, total = rest + 1;
	char number[24];

	while (rest + (size_t)snprintf(number, sizeof(number), "%zu", total) != total)
		total++;
	str_addf(&record, "%zu %s=", total, key);
	str_add(&record, value, len);
	str_add(&record, "\n", 1);
	tar_header(to, type, "PaxHeaders/0", NULL, (long long)record.len, 0644);
	tar_body(to, record.s, record.len);
	str_release(&record);
}

BYTES_UNUSED static void tar_end(struct str *to)
{
	static const char zeros[1024];

	str_add(to, zeros, sizeof(zeros));
}

#endif
