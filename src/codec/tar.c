/* SPDX-License-Identifier: MIT */
#include "codec/tar.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <locale.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define TAR_BLOCK (64 * 1024) /* bytes asked for at once; a multiple of tar's 512 */

struct tar {
	struct source data; /* the content of the current entry */
	struct source *from;
	const char *name;
	struct archive *archive;
	locale_t utf8; /* 0 when the C library has none */
	unsigned char *block;
	size_t have;           /* bytes in the block ... */
	int64_t taken;         /* ... and read from below in all */
	struct err from_error; /* why the last read from below failed */
	struct tar_entry entry;
	int64_t left; /* of the current entry's content */
};

static int refuse(struct err *e, const struct tar *t)
{
	const char *why = archive_error_string(t->archive);

	if (t->from_error.code) {
		*e = t->from_error;
		return -1;
	}
	return err_set(e, ERR_REJECTED, "'%s' is no valid tar archive: %s", t->name,
	               why ? why : "unknown reason");
}

static int refuse_entry(struct err *e, const struct tar *t, const char *what)
{
	return err_set(e, ERR_REJECTED, "'%s' is no valid tar archive: '%.300s' %s", t->name,
	               t->entry.path, what);
}

/* Whole blocks, so that no header ever lies across two of them. */
static int fill(struct err *e, struct tar *t)
{
	t->have = 0;
	while (t->have < TAR_BLOCK) {
		ssize_t n = source_read(e, t->from, t->block + t->have, TAR_BLOCK - t->have);

		if (n < 0)
			return -1;
		if (n == 0)
			break;
		t->have += (size_t)n;
	}
	t->taken += (int64_t)t->have;
	return 0;
}

static la_ssize_t on_read(struct archive *a, void *ctx, const void **ret)
{
	struct tar *t = ctx;

	*ret = t->block;
	if (fill(&t->from_error, t) < 0) {
		archive_set_error(a, EIO, "cannot read");
		return ARCHIVE_FATAL;
	}
	return (la_ssize_t)t->have;
}

static ssize_t data_read(struct err *e, struct source *source, void *buf, size_t len)
{
	struct tar *t = (struct tar *)source;
	la_ssize_t n;

	if ((int64_t)len > t->left)
		len = (size_t)t->left;
	if (!len)
		return 0;
	n = archive_read_data(t->archive, buf, len);
	if (n < 0)
		return refuse(e, t);
	if ((size_t)n < len) {
		/* libarchive leaves out the zeros behind the last piece of a sparse file. */
		memset((char *)buf + n, 0, len - (size_t)n);
		n = (la_ssize_t)len;
	}
	t->left -= n;
	return n;
}

static const struct source_ops data_ops = { .read = data_read };

int tar_open(struct err *e, struct source *from, const char *name, struct tar **ret)
{
	CLEANUP(tar_closep) struct tar *t = mem_alloc(sizeof(*t));

	t->data.ops = &data_ops;
	t->from = from;
	t->name = name;
	t->block = mem_alloc(TAR_BLOCK);
	t->archive = archive_read_new();
	if (!t->archive)
		return err_set(e, ERR_BUG, "cannot make a reader for '%s'", name);
	/* libarchive converts pax names from UTF-8 to the locale's charset; let that be the same. */
	t->utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	if (archive_read_support_format_tar(t->archive) != ARCHIVE_OK ||
	    archive_read_set_options(t->archive, "tar:!mac-ext") != ARCHIVE_OK ||
	    archive_read_open(t->archive, t, NULL, on_read, NULL) != ARCHIVE_OK) {
		/* An empty stream is an archive without entries, as for every engine. */
		if (t->taken || t->from_error.code)
			return refuse(e, t);
	}
	*ret = STEAL(t);
	return 0;
}

void tar_close(struct tar *t)
{
	source_close(&t->data);
	if (t->archive)
		archive_read_free(t->archive);
	if (t->utf8)
		freelocale(t->utf8);
	free(t->block);
	free(t);
}

void tar_closep(struct tar **t)
{
	if (*t)
		tar_close(*t);
}

static bool all_zero(const unsigned char *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (p[i])
			return false;
	}
	return true;
}

/* Padding belongs to the digest of a layer; something else there would be seen by some readers. */
static int read_padding(struct err *e, struct tar *t)
{
	int64_t used = archive_filter_bytes(t->archive, 0);
	int64_t start = t->taken - (int64_t)t->have;
	size_t at = used > start ? (size_t)(used - start) : 0;

	if (at > t->have)
		at = t->have;
	while (t->have) {
		if (!all_zero(t->block + at, t->have - at))
			return err_set(e, ERR_REJECTED,
			               "'%s' is no valid tar archive: data behind its end",
			               t->name);
		if (fill(e, t) < 0)
			return -1;
		at = 0;
	}
	return 0;
}

static enum tar_type type_of(struct archive_entry *entry)
{
	if (archive_entry_hardlink(entry))
		return TAR_HARDLINK;
	switch (archive_entry_filetype(entry)) {
	case AE_IFREG:
		return TAR_FILE;
	case AE_IFLNK:
		return TAR_SYMLINK;
	case AE_IFDIR:
		return TAR_DIRECTORY;
	default:
		return TAR_SPECIAL;
	}
}

static int take(struct err *e, struct tar *t, struct archive_entry *entry)
{
	struct tar_entry *ret = &t->entry;
	int64_t size = archive_entry_size(entry);

	*ret = (struct tar_entry){
		.path = archive_entry_pathname(entry),
		.type = type_of(entry),
		.mode = archive_entry_perm(entry),
	};
	if (!ret->path || !*ret->path)
		return err_set(e, ERR_REJECTED,
		               "'%s' is no valid tar archive: an entry has no name", t->name);
	if (ret->type == TAR_HARDLINK)
		ret->link = archive_entry_hardlink(entry);
	if (ret->type == TAR_SYMLINK)
		ret->link = archive_entry_symlink(entry);
	/* A hard link without a target has no type either. */
	if (ret->type != TAR_HARDLINK && archive_entry_filetype(entry) == 0)
		return refuse_entry(e, t, "is of an unknown type or a link to nothing");
	/*
	 * Readers differ in whether content follows such an entry. One that takes it for headers
	 * sees other files than one that skips it, so it must not be there at all.
	 */
	if (ret->type != TAR_FILE && size != 0)
		return refuse_entry(e, t, "has content but is no regular file");
	if (size < 0)
		return refuse_entry(e, t, "has a negative size");
	ret->size = t->left = size;
	return 0;
}

int tar_next(struct err *e, struct tar *t, const struct tar_entry **ret)
{
	locale_t before = (locale_t)0;
	struct archive_entry *entry;
	int r;

	*ret = NULL;
	if (!t->taken)
		return 0;
	if (t->utf8)
		before = uselocale(t->utf8);
	r = archive_read_next_header(t->archive, &entry);
	if (r == ARCHIVE_OK)
		r = take(e, t, entry) < 0 ? -1 : ARCHIVE_OK;
	else if (r != ARCHIVE_EOF)
		r = refuse(e, t); /* also a warning: what it is about would be a guess */
	if (t->utf8)
		uselocale(before);
	if (r == ARCHIVE_EOF)
		return read_padding(e, t);
	if (r < 0)
		return -1;
	*ret = &t->entry;
	return 0;
}

struct source *tar_data(struct tar *t)
{
	return &t->data;
}
