/* SPDX-License-Identifier: MIT */
#include "codec/tar_write.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/mem.h"

#define CHUNK (256 * 1024)
#define BLOCK (64 * 1024) /* bytes handed on at once; a multiple of tar's 512 */

struct tar_writer {
	struct sink *to;
	const char *name;
	struct archive *archive;
	struct err to_error; /* why the last write below failed */
	char *buffer;
};

static int refuse(struct err *e, const struct tar_writer *w)
{
	const char *why = archive_error_string(w->archive);

	if (w->to_error.code) {
		*e = w->to_error;
		return -1;
	}
	return err_set(e, ERR_BUG, "cannot write '%s': %s", w->name, why ? why : "unknown reason");
}

static la_ssize_t on_write(struct archive *a, void *ctx, const void *data, size_t len)
{
	struct tar_writer *w = ctx;

	if (sink_write(&w->to_error, w->to, data, len) == 0)
		return (la_ssize_t)len;
	archive_set_error(a, EIO, "cannot write");
	return -1;
}

int tar_writer_open(struct err *e, struct sink *to, const char *name, struct tar_writer **ret)
{
	CLEANUP(tar_writer_closep) struct tar_writer *w = mem_alloc(sizeof(*w));

	w->to = to;
	w->name = name;
	w->buffer = mem_alloc(CHUNK);
	w->archive = archive_write_new();
	if (!w->archive)
		return err_set(e, ERR_BUG, "cannot make a writer for '%s'", name);
	if (archive_write_set_format_pax_restricted(w->archive) != ARCHIVE_OK ||
	    archive_write_set_bytes_per_block(w->archive, BLOCK) != ARCHIVE_OK ||
	    archive_write_set_bytes_in_last_block(w->archive, 1) != ARCHIVE_OK ||
	    archive_write_open(w->archive, w, NULL, on_write, NULL) != ARCHIVE_OK)
		return refuse(e, w);
	*ret = STEAL(w);
	return 0;
}

static int write_header(struct err *e, struct tar_writer *w, const char *path, int64_t size)
{
	struct archive_entry *entry = archive_entry_new();
	int r;

	if (!entry)
		abort(); /* out of memory, see base/mem.h */
	archive_entry_set_pathname(entry, path);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0644);
	archive_entry_set_size(entry, size);
	archive_entry_set_mtime(entry, 0, 0);
	r = archive_write_header(w->archive, entry);
	archive_entry_free(entry);
	return r == ARCHIVE_OK ? 0 : refuse(e, w);
}

int tar_writer_add(struct err *e, struct tar_writer *w, const char *path, int64_t size,
                   struct source *content)
{
	int64_t left = size;
	ssize_t n;

	if (write_header(e, w, path, size) < 0)
		return -1;
	while ((n = source_read(e, content, w->buffer, CHUNK)) > 0) {
		if (n > left)
			return err_set(e, ERR_REJECTED, "'%s' is longer than %" PRId64 " bytes",
			               path, size);
		if (archive_write_data(w->archive, w->buffer, (size_t)n) != n)
			return refuse(e, w);
		left -= n;
	}
	if (n == 0 && left)
		return err_set(e, ERR_REJECTED, "'%s' is shorter than %" PRId64 " bytes", path,
		               size);
	return (int)n;
}

int tar_writer_finish(struct err *e, struct tar_writer *w)
{
	return archive_write_close(w->archive) == ARCHIVE_OK ? 0 : refuse(e, w);
}

void tar_writer_close(struct tar_writer *w)
{
	if (!w)
		return;
	if (w->archive) {
		archive_write_fail(w->archive); /* after finish it is closed already */
		archive_write_free(w->archive);
	}
	free(w->buffer);
	free(w);
}

void tar_writer_closep(struct tar_writer **w)
{
	tar_writer_close(*w);
}
