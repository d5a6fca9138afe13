/* SPDX-License-Identifier: MIT */
#include "codec/inflate.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "base/mem.h"

#define INFLATE_IN (64 * 1024) /* bytes read from below at once */
#define INFLATE_MAGIC 4        /* bytes that decide the format */

/* Room that is used from the front. */
struct inflate_chunk {
	unsigned char *p;
	size_t left;
};

/*
 * A decoder. step() moves bytes from `in` to `out` as far as both reach; *ret_end says that the
 * member is complete (and checked) behind what it took. The next step begins another one.
 * It returns NULL or what is wrong with the data.
 */
struct inflate_backend {
	const char *name;
	bool (*knows)(const unsigned char *magic, size_t len);
	void *(*open)(void);
	const char *(*step)(void *state, struct inflate_chunk *in, struct inflate_chunk *out,
	                    bool *ret_end);
	void (*close)(void *state);
};

struct gzip {
	z_stream z;
	bool again; /* a member is complete: the next one needs a reset */
};

static bool gzip_knows(const unsigned char *magic, size_t len)
{
	return len >= 2 && magic[0] == 0x1f && magic[1] == 0x8b;
}

static void *gzip_open(void)
{
	struct gzip *g = mem_alloc(sizeof(*g));

	/* 16: a gzip header and no other. It can only fail for want of memory, see base/mem.h. */
	if (inflateInit2(&g->z, 16 + MAX_WBITS) != Z_OK)
		abort();
	return g;
}

static const char *gzip_step(void *state, struct inflate_chunk *in, struct inflate_chunk *out,
                             bool *ret_end)
{
	struct gzip *g = state;
	int r;

	if (g->again && inflateReset(&g->z) != Z_OK)
		return "cannot begin another member";
	g->again = false;
	g->z.next_in = in->p;
	g->z.avail_in = (uInt)in->left;
	g->z.next_out = out->p;
	g->z.avail_out = (uInt)out->left;
	r = inflate(&g->z, Z_NO_FLUSH);
	*in = (struct inflate_chunk){ g->z.next_in, g->z.avail_in };
	*out = (struct inflate_chunk){ g->z.next_out, g->z.avail_out };
	*ret_end = g->again = r == Z_STREAM_END;
	if (r == Z_OK || r == Z_STREAM_END || r == Z_BUF_ERROR)
		return NULL;
	return g->z.msg ? g->z.msg : zError(r);
}

static void gzip_close(void *state)
{
	struct gzip *g = state;

	inflateEnd(&g->z);
	free(g);
}

static bool zstd_knows(const unsigned char *magic, size_t len)
{
	static const unsigned char frame[4] = { 0x28, 0xb5, 0x2f, 0xfd };
	static const unsigned char skippable[3] = { 0x2a, 0x4d, 0x18 }; /* behind 0x50 to 0x5f */

	return len >= 4 && (memcmp(magic, frame, sizeof(frame)) == 0 ||
	                    ((magic[0] & 0xf0) == 0x50 &&
	                     memcmp(magic + 1, skippable, sizeof(skippable)) == 0));
}

static void *zstd_open(void)
{
	ZSTD_DCtx *z = ZSTD_createDCtx();

	if (!z)
		abort(); /* out of memory, see base/mem.h */
	if (ZSTD_isError(ZSTD_DCtx_setParameter(z, ZSTD_d_windowLogMax, INFLATE_WINDOW_LOG_MAX)))
		abort(); /* the value is a constant within the library's bounds */
	return z;
}

static const char *zstd_step(void *state, struct inflate_chunk *in, struct inflate_chunk *out,
                             bool *ret_end)
{
	ZSTD_inBuffer from = { in->p, in->left, 0 };
	ZSTD_outBuffer to = { out->p, out->left, 0 };
	size_t r = ZSTD_decompressStream(state, &to, &from);

	*in = (struct inflate_chunk){ in->p + from.pos, in->left - from.pos };
	*out = (struct inflate_chunk){ out->p + to.pos, out->left - to.pos };
	*ret_end = r == 0;
	return ZSTD_isError(r) ? ZSTD_getErrorName(r) : NULL;
}

static void zstd_close(void *state)
{
	ZSTD_freeDCtx(state);
}

static const struct inflate_backend backends[] = {
	{ "gzip", gzip_knows, gzip_open, gzip_step, gzip_close },
	{ "zstd", zstd_knows, zstd_open, zstd_step, zstd_close },
};

/* Reads until `want` bytes are in the buffer or nothing more comes. */
static int fill(struct err *e, struct inflate *f, size_t want)
{
	if (f->at == f->have)
		f->at = f->have = 0;
	while (!f->ended && f->have - f->at < want) {
		ssize_t n = source_read(e, f->below, f->in + f->have, INFLATE_IN - f->have);

		if (n < 0)
			return -1;
		f->ended = n == 0;
		f->have += (size_t)n;
	}
	return 0;
}

static int start(struct err *e, struct inflate *f)
{
	f->in = mem_alloc(INFLATE_IN);
	if (fill(e, f, INFLATE_MAGIC) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(backends) / sizeof(backends[0]) && !f->backend; i++) {
		if (backends[i].knows(f->in, f->have))
			f->backend = &backends[i];
	}
	if (f->backend)
		f->state = f->backend->open();
	f->started = true;
	return 0;
}

static ssize_t read_plain(struct err *e, struct inflate *f, void *buf, size_t len)
{
	size_t n = f->have - f->at;

	if (!n)
		return f->ended ? 0 : source_read(e, f->below, buf, len);
	n = n < len ? n : len;
	memcpy(buf, f->in + f->at, n);
	f->at += n;
	return (ssize_t)n;
}

static ssize_t read_member(struct err *e, struct inflate *f, void *buf, size_t len)
{
	for (;;) {
		struct inflate_chunk in, out = { buf, len };
		const char *wrong;
		bool end;

		if (fill(e, f, 1) < 0)
			return -1;
		if (f->between && f->at == f->have)
			return 0;
		in = (struct inflate_chunk){ f->in + f->at, f->have - f->at };
		wrong = f->backend->step(f->state, &in, &out, &end);
		if (wrong)
			return err_set(e, ERR_REJECTED, "'%s' is no valid %s stream: %s", f->name,
			               f->backend->name, wrong);
		/* The decoder may give bytes that it held back although nothing more goes in. */
		if (!end && out.left == len && in.left == 0 && f->ended && f->at == f->have)
			return err_set(e, ERR_REJECTED,
			               "'%s' is truncated: its %s stream has no end", f->name,
			               f->backend->name);
		f->at = f->have - in.left;
		f->between = end;
		if (out.left < len)
			return (ssize_t)(len - out.left);
	}
}

static ssize_t inflate_read(struct err *e, struct source *source, void *buf, size_t len)
{
	struct inflate *f = (struct inflate *)source;
	ssize_t n;

	if (!f->started && start(e, f) < 0)
		return -1;
	if (len > INT32_MAX)
		len = INT32_MAX; /* what a decoder takes at once */
	n = f->backend ? read_member(e, f, buf, len) : read_plain(e, f, buf, len);
	if (n < 0)
		return -1;
	f->total += n;
	if (f->total > f->limit)
		return err_set(e, ERR_REJECTED,
		               "'%s' is larger than %" PRId64 " bytes uncompressed", f->name,
		               f->limit);
	return n;
}

static void inflate_close(struct source *source)
{
	struct inflate *f = (struct inflate *)source;

	if (f->state)
		f->backend->close(f->state);
	f->state = NULL;
	free(f->in);
	f->in = NULL;
}

static const struct source_ops ops = { .read = inflate_read, .close = inflate_close };

void inflate_init(struct inflate *f, struct source *below, int64_t limit, const char *name)
{
	*f = (struct inflate){
		.source = { .ops = &ops }, .below = below, .limit = limit, .name = name
	};
}

const char *inflate_format(const struct inflate *f)
{
	return f->backend ? f->backend->name : "plain";
}
