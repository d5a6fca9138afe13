/* SPDX-License-Identifier: MIT */
#include "oci/layer.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "codec/inflate.h"
#include "io/fd.h"
#include "oci/extract.h"

/* A source that lets pass what it counts and hashes. */
struct tap {
	struct source source;
	struct source *below;
	bool hashing;
	struct hash hash;
	struct layer_progress *progress;
};

struct layer_reader {
	const struct layer *layer;
	char name[DIGEST_TEXT_MAX];
	int fd;
	/* each reads from the one before it */
	struct fd_source file;
	struct tap blob;
	struct inflate inflate;
	struct tap plain;
	struct tar *tar;

	struct layer_entry entry;
	char path[EXTRACT_PATH_MAX], link[EXTRACT_PATH_MAX];
};

static ssize_t tap_read(struct err *e, struct source *source, void *buf, size_t len)
{
	struct tap *t = (struct tap *)source;
	ssize_t n = source_read(e, t->below, buf, len);

	if (n <= 0)
		return n;
	if (t->hashing)
		hash_update(&t->hash, buf, (size_t)n);
	if (t->progress) {
		t->progress->bytes += n;
		if (t->progress->fn && t->progress->fn(t->progress->bytes, t->progress->ctx) != 0)
			return err_set(e, ERR_RETRY, "stopped");
	}
	return n;
}

static void tap_close(struct source *source)
{
	struct tap *t = (struct tap *)source;
	struct digest unused;

	if (t->hashing)
		hash_final(&t->hash, &unused);
	t->hashing = false;
}

static const struct source_ops tap_ops = { .read = tap_read, .close = tap_close };

static void tap_init(struct tap *t, struct source *below, enum digest_algorithm algorithm)
{
	*t = (struct tap){ .source = { .ops = &tap_ops }, .below = below };
	t->hashing = algorithm != DIGEST_NONE;
	if (t->hashing)
		hash_init(&t->hash, algorithm);
}

static int tap_verify(struct err *e, struct tap *t, const struct digest *want, const char *what)
{
	char have_text[DIGEST_TEXT_MAX], want_text[DIGEST_TEXT_MAX];
	struct digest have;

	if (!t->hashing)
		return 0;
	hash_final(&t->hash, &have);
	t->hashing = false;
	if (digest_equal(&have, want))
		return 0;
	digest_format(want, want_text);
	digest_format(&have, have_text);
	return err_set(e, ERR_REJECTED, "%s should be %s but is %s", what, want_text, have_text);
}

int layer_reader_open(struct err *e, const struct store *s, const struct layer *l,
                      struct layer_progress *progress, struct layer_reader **ret)
{
	CLEANUP(layer_reader_closep) struct layer_reader *r = mem_alloc(sizeof(*r));
	bool proven_plain = l->diff_id.algorithm != DIGEST_NONE;

	r->layer = l;
	r->fd = -1;
	digest_format(&l->digest, r->name);
	if (store_read(e, s, &l->digest, &r->fd) < 0)
		return -1;
	fd_source_init(&r->file, r->fd, r->name);
	tap_init(&r->blob, &r->file.source, proven_plain ? DIGEST_NONE : l->digest.algorithm);
	r->blob.progress = progress;
	inflate_init(&r->inflate, &r->blob.source, EXTRACT_LAYER_MAX, r->name);
	tap_init(&r->plain, &r->inflate.source, l->diff_id.algorithm);
	if (tar_open(e, &r->plain.source, r->name, &r->tar) < 0)
		return -1;
	*ret = STEAL(r);
	return 0;
}

void layer_reader_close(struct layer_reader *r)
{
	if (r->tar)
		tar_close(r->tar);
	source_close(&r->plain.source);
	source_close(&r->inflate.source);
	source_close(&r->blob.source);
	source_close(&r->file.source);
	mem_closep(&r->fd);
	free(r);
}

void layer_reader_closep(struct layer_reader **r)
{
	if (*r)
		layer_reader_close(*r);
}

/* "./usr//bin/" -> "/usr/bin". A name that leads out of the directory it stands in is refused: no
 * honest builder writes one. */
static int normalise(struct err *e, const struct layer_reader *r, const char *name,
                     char ret[EXTRACT_PATH_MAX])
{
	size_t len = 0;

	for (const char *p = name; *p;) {
		size_t n = strcspn(p, "/");

		if (n == 2 && p[0] == '.' && p[1] == '.')
			return err_set(e, ERR_REJECTED, "'%s' has a name with '..' in it: '%.300s'",
			               r->name, name);
		if (n && !(n == 1 && p[0] == '.')) {
			if (len + 1 + n >= EXTRACT_PATH_MAX)
				return err_set(e, ERR_REJECTED,
				               "'%s' has a name longer than %d bytes: '%.60s...'",
				               r->name, EXTRACT_PATH_MAX - 1, name);
			ret[len++] = '/';
			memcpy(ret + len, p, n);
			len += n;
		}
		p += n;
		p += *p == '/';
	}
	if (!len)
		ret[len++] = '/';
	ret[len] = '\0';
	return 0;
}

static int finish(struct err *e, struct layer_reader *r)
{
	if (tap_verify(e, &r->blob, &r->layer->digest, "its blob in the store") < 0)
		return -1;
	return tap_verify(e, &r->plain, &r->layer->diff_id, "its content");
}

int layer_reader_next(struct err *e, struct layer_reader *r, const struct layer_entry **ret)
{
	int64_t index = r->entry.path ? r->entry.index + 1 : 0;
	const struct tar_entry *t;

	*ret = NULL;
	if (tar_next(e, r->tar, &t) < 0)
		return -1;
	if (!t)
		return finish(e, r);
	if (index >= EXTRACT_ENTRIES_MAX)
		return err_set(e, ERR_REJECTED, "'%s' has more than %d entries", r->name,
		               EXTRACT_ENTRIES_MAX);
	if (normalise(e, r, t->path, r->path) < 0)
		return -1;
	if (t->type == TAR_HARDLINK && normalise(e, r, t->link, r->link) < 0)
		return -1;
	r->entry = (struct layer_entry){
		.path = r->path,
		.link = t->type == TAR_HARDLINK ? r->link : NULL,
		.type = t->type,
		.size = t->size,
		.mode = t->mode,
		.index = index,
	};
	if (t->type != TAR_DIRECTORY && strcmp(r->path, "/") == 0)
		return err_set(e, ERR_REJECTED, "'%s' has something else than a directory at '/'",
		               r->name);
	*ret = &r->entry;
	return 0;
}

struct source *layer_reader_data(struct layer_reader *r)
{
	return tar_data(r->tar);
}
