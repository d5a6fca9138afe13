/* SPDX-License-Identifier: MIT */
#include "oci/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/hex.h"
#include "base/mem.h"
#include "os/file.h"

#define DIR_MODE 0700
#define PARTIAL_MODE 0600
#define COMPLETE_MODE 0400
#define REHASH_CHUNK (64 * 1024)
/* The kernel is told to write back every so many bytes, so that the fsync at the end finds little
 * to do and the download and the disk work at the same time. */
#define WRITEBACK_CHUNK (8 * 1024 * 1024)

struct store {
	char *dir;
	atomic_uint temps; /* names in tmp/ that were given out */
};

struct store_writer {
	struct sink sink;
	struct store *store;
	int fd;
	char *path;         /* below partial/ or tmp/; NULL once it has its name */
	struct digest want; /* DIGEST_NONE: not known */
	struct digest have; /* after finish */
	int64_t size;       /* promised bytes, -1: not known */
	int64_t seen;
	int64_t flushed; /* bytes for which write-back was started */
	struct hash hash;
	bool hashing; /* an init that waits for its final */
	bool keep;    /* what is there when the writer is closed early can be resumed */
};

static const char *const subdirs[] = { "sha256", "sha512", "partial", "tmp" };

int store_open(struct err *e, const char *dir, struct store **ret)
{
	for (size_t i = 0; i < sizeof(subdirs) / sizeof(*subdirs); i++) {
		CLEANUP(mem_freep) char *path = mem_printf("%s/%s", dir, subdirs[i]);

		/* Also what was there: who gave content its name may not have lived to sync that. */
		if (file_mkdirs(e, path, DIR_MODE) < 0 || file_sync_dir(e, path) < 0)
			return -1;
	}
	if (file_sync_dir(e, dir) < 0)
		return -1;
	*ret = mem_alloc(sizeof(**ret));
	(*ret)->dir = mem_dup(dir);
	return 0;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	free(s->dir);
	free(s);
}

void store_closep(struct store **s)
{
	store_close(*s);
}

static const char *subdir_of(const struct digest *d)
{
	return d->algorithm == DIGEST_SHA512 ? "sha512" : "sha256";
}

char *store_path(const struct store *s, const struct digest *d)
{
	char hex[DIGEST_TEXT_MAX];

	return mem_printf("%s/%s/%s", s->dir, subdir_of(d), digest_hex(d, hex));
}

static char *partial_path(const struct store *s, const struct digest *d)
{
	char hex[DIGEST_TEXT_MAX];

	return mem_printf("%s/partial/%s", s->dir, digest_hex(d, hex));
}

/* The process is in the name because one that was killed may have left its own. */
static char *temp_path(struct store *s)
{
	return mem_printf("%s/tmp/%ld-%u", s->dir, (long)getpid(), atomic_fetch_add(&s->temps, 1));
}

bool store_has(const struct store *s, const struct digest *d, int64_t size)
{
	CLEANUP(mem_freep) char *path = store_path(s, d);
	struct stat st;

	return lstat(path, &st) == 0 && S_ISREG(st.st_mode) && (size < 0 || st.st_size == size);
}

int store_read(struct err *e, const struct store *s, const struct digest *d, int *ret_fd)
{
	CLEANUP(mem_freep) char *path = store_path(s, d);

	*ret_fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	return *ret_fd < 0 ? err_sys(e, "cannot open '%s'", path) : 0;
}

int store_remove(struct err *e, struct store *s, const struct digest *d)
{
	CLEANUP(mem_freep) char *path = store_path(s, d);
	CLEANUP(mem_freep) char *partial = partial_path(s, d);

	if (file_remove(e, path) < 0)
		return -1;
	return file_remove(e, partial);
}

int store_need_space(struct err *e, const struct store *s, int64_t bytes)
{
	struct statvfs vfs;
	uint64_t free_bytes;

	if (statvfs(s->dir, &vfs) < 0)
		return err_sys(e, "cannot examine '%s'", s->dir);
	free_bytes = (uint64_t)vfs.f_bavail * vfs.f_frsize;
	if (bytes <= 0 || free_bytes >= (uint64_t)bytes)
		return 0;
	return err_set(e, ERR_PRECHECK,
	               "no space left in '%s': %" PRId64 " MiB are needed, %" PRIu64
	               " MiB are free",
	               s->dir, (bytes >> 20) + 1, free_bytes >> 20);
}

/* ---- the writer ---- */

static int writer_write(struct err *e, struct sink *sink, const void *buf, size_t len)
{
	struct store_writer *w = (struct store_writer *)sink;

	if (w->size >= 0 && (int64_t)len > w->size - w->seen) {
		w->keep = false;
		return err_set(e, ERR_REJECTED,
		               "content is longer than the %" PRId64 " bytes promised", w->size);
	}
	if (file_write_all(e, w->fd, w->path, buf, len) < 0)
		return -1;
	hash_update(&w->hash, buf, len);
	w->seen += (int64_t)len;
	if (w->seen - w->flushed >= WRITEBACK_CHUNK) {
		/* Only a hint: a filesystem that cannot says so at the fsync at the latest. */
		(void)sync_file_range(w->fd, w->flushed, w->seen - w->flushed,
		                      SYNC_FILE_RANGE_WRITE);
		w->flushed = w->seen;
	}
	return 0;
}

static void hash_begin(struct store_writer *w)
{
	if (w->hashing)
		hash_final(&w->hash, &w->have);
	hash_init(&w->hash, w->want.algorithm ? w->want.algorithm : DIGEST_SHA256);
	w->hashing = true;
}

static int check_content(struct err *e, struct store_writer *w)
{
	char want[DIGEST_TEXT_MAX], have[DIGEST_TEXT_MAX];

	/* Too short is what a broken connection leaves: it stays to be resumed. */
	if (w->size >= 0 && w->seen != w->size)
		return err_set(e, ERR_REJECTED, "content has %" PRId64 " bytes instead of %" PRId64,
		               w->seen, w->size);
	hash_final(&w->hash, &w->have);
	w->hashing = false;
	if (!w->want.algorithm || digest_equal(&w->want, &w->have))
		return 0;
	w->keep = false;
	digest_format(&w->want, want);
	digest_format(&w->have, have);
	return err_set(e, ERR_REJECTED, "content is not %s but %s", want, have);
}

/* Order: content and mode durable, then the name, then the directory with the name. */
static int publish(struct err *e, struct store *s, int fd, const char *from, const struct digest *d)
{
	CLEANUP(mem_freep) char *path = store_path(s, d);

	if (file_sync(e, fd, from) < 0)
		return -1;
	if (rename(from, path) < 0)
		return err_sys(e, "cannot rename '%s'", from);
	return file_sync_parent(e, path);
}

static int writer_finish(struct err *e, struct sink *sink)
{
	struct store_writer *w = (struct store_writer *)sink;

	if (check_content(e, w) < 0)
		return -1;
	w->keep = false; /* a failed fsync is never tried again on the same file */
	if (fchmod(w->fd, COMPLETE_MODE) < 0)
		return err_sys(e, "cannot change mode of '%s'", w->path);
	if (publish(e, w->store, w->fd, w->path, &w->have) < 0)
		return -1;
	free(w->path);
	w->path = NULL;
	return 0;
}

static const struct sink_ops writer_ops = { .write = writer_write, .finish = writer_finish };

static struct store_writer *writer_new(struct store *s, const struct digest *want, int64_t size,
                                       char *path)
{
	struct store_writer *w = mem_alloc(sizeof(*w));

	*w = (struct store_writer){
		.sink = { .ops = &writer_ops }, .store = s, .fd = -1, .path = path, .size = size
	};
	if (want)
		w->want = *want;
	return w;
}

static int take_over(struct err *e, struct store_writer *w, int64_t left)
{
	CLEANUP(mem_freep) char *buf = mem_alloc(REHASH_CHUNK);
	ssize_t n;

	for (; left > 0; left -= n) {
		n = read(w->fd, buf, left < REHASH_CHUNK ? (size_t)left : REHASH_CHUNK);
		if (n < 0 && errno == EINTR) {
			n = 0;
			continue;
		}
		if (n < 0)
			return err_sys(e, "cannot read '%s'", w->path);
		if (n == 0)
			break;
		hash_update(&w->hash, buf, (size_t)n);
		w->seen += n;
	}
	w->flushed = w->seen;
	return 0;
}

static int open_partial(struct err *e, struct store_writer *w)
{
	struct stat st;

	/* A second name would mean that complete content is written to. */
	if (lstat(w->path, &st) == 0 && (!S_ISREG(st.st_mode) || st.st_nlink != 1) &&
	    file_remove(e, w->path) < 0)
		return -1;
	w->fd = open(w->path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, PARTIAL_MODE);
	if (w->fd < 0 || fstat(w->fd, &st) < 0)
		return err_sys(e, "cannot open '%s'", w->path);
	w->keep = true;
	if (w->size >= 0 && st.st_size > w->size)
		return store_writer_restart(e, w);
	hash_begin(w);
	return take_over(e, w, st.st_size);
}

int store_writer_open(struct err *e, struct store *s, const struct digest *d, int64_t size,
                      struct store_writer **ret, int64_t *ret_offset)
{
	struct store_writer *w = writer_new(s, d, size, partial_path(s, d));

	if (open_partial(e, w) < 0) {
		store_writer_close(w);
		return -1;
	}
	*ret = w;
	*ret_offset = w->seen;
	return 0;
}

int store_writer_restart(struct err *e, struct store_writer *w)
{
	if (ftruncate(w->fd, 0) < 0 || lseek(w->fd, 0, SEEK_SET) < 0)
		return err_sys(e, "cannot truncate '%s'", w->path);
	w->seen = w->flushed = 0;
	hash_begin(w);
	return 0;
}

static int writer_open_temp(struct err *e, struct store *s, const struct digest *want, int64_t size,
                            struct store_writer **ret)
{
	struct store_writer *w = writer_new(s, want, size, temp_path(s));

	w->fd = open(w->path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, PARTIAL_MODE);
	if (w->fd < 0) {
		err_sys(e, "cannot create '%s'", w->path);
		w->keep = true; /* the file, if there is one, is not ours */
		store_writer_close(w);
		return -1;
	}
	hash_begin(w);
	*ret = w;
	return 0;
}

int store_writer_open_new(struct err *e, struct store *s, struct store_writer **ret)
{
	return writer_open_temp(e, s, NULL, -1, ret);
}

struct sink *store_writer_sink(struct store_writer *w)
{
	return &w->sink;
}

const struct digest *store_writer_digest(const struct store_writer *w)
{
	return &w->have;
}

int64_t store_writer_size(const struct store_writer *w)
{
	return w->seen;
}

void store_writer_discard(struct store_writer *w)
{
	w->keep = false;
}

void store_writer_close(struct store_writer *w)
{
	if (!w)
		return;
	if (w->hashing)
		hash_final(&w->hash, &w->have);
	sink_close(&w->sink);
	if (w->path && !w->keep)
		unlink(w->path);
	mem_closep(&w->fd);
	free(w->path);
	free(w);
}

void store_writer_closep(struct store_writer **w)
{
	store_writer_close(*w);
}

/* ---- content that is here already ---- */

static bool intact(const struct store *s, const struct digest *d)
{
	CLEANUP(mem_freep) char *path = store_path(s, d);
	struct digest have;
	struct err ignored;

	return d->algorithm == DIGEST_SHA256 && digest_of_file(&ignored, path, &have) == 0 &&
	       digest_equal(&have, d);
}

int store_put(struct err *e, struct store *s, const struct digest *d, const void *data, size_t len)
{
	CLEANUP(store_writer_closep) struct store_writer *w = NULL;

	if (intact(s, d))
		return 0;
	if (writer_open_temp(e, s, d, (int64_t)len, &w) < 0)
		return -1;
	if (sink_write(e, &w->sink, data, len) < 0)
		return -1;
	return sink_finish(e, &w->sink);
}

static int add_copy(struct err *e, struct store *s, const char *path, const struct digest *d)
{
	CLEANUP(store_writer_closep) struct store_writer *w = NULL;
	CLEANUP(mem_closep) int from = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (from < 0 || fstat(from, &st) < 0)
		return err_sys(e, "cannot open '%s'", path);
	if (writer_open_temp(e, s, d, st.st_size, &w) < 0)
		return -1;
	if (file_copy(e, from, w->fd, path) < 0)
		return -1;
	/* The hash is of what the copy holds, not of what the original held when it was read. */
	if (lseek(w->fd, 0, SEEK_SET) < 0)
		return err_sys(e, "cannot read '%s'", w->path);
	if (take_over(e, w, INT64_MAX) < 0)
		return -1;
	return sink_finish(e, &w->sink);
}

int store_add_file(struct err *e, struct store *s, const char *path, const struct digest *d)
{
	CLEANUP(mem_freep) char *temp = temp_path(s);
	CLEANUP(mem_closep) int fd = -1;
	struct digest have;
	int failed;

	if (intact(s, d))
		return 0;
	if (d->algorithm != DIGEST_SHA256 ||
	    linkat(AT_FDCWD, path, AT_FDCWD, temp, AT_SYMLINK_FOLLOW) < 0) {
		if (add_copy(e, s, path, d) < 0)
			return err_wrap(e, "cannot keep '%s'", path);
		return 0;
	}
	fd = open(temp, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		failed = err_sys(e, "cannot open '%s'", temp);
	else
		failed = digest_of_fd(e, fd, path, &have);
	if (failed == 0 && !digest_equal(&have, d))
		failed = err_set(e, ERR_PRECHECK, "'%s' was changed just now", path);
	if (failed == 0)
		failed = publish(e, s, fd, temp, d);
	unlink(temp); /* also after success: rename does nothing between two names of one file */
	return failed;
}

/* ---- prune ---- */

struct prune {
	struct store *store;
	bool (*keep)(const struct digest *d, void *ctx);
	void *ctx;
	time_t before; /* what came later stays */
	int64_t bytes;
};

static bool wanted(const struct prune *p, enum digest_algorithm algorithm, const char *name)
{
	struct digest d = { .algorithm = algorithm };

	if (algorithm == DIGEST_NONE ||
	    !hex_decode(name, algorithm == DIGEST_SHA512 ? 64 : 32, d.bytes))
		return false;
	return p->keep && p->keep(&d, p->ctx);
}

static int prune_dir(struct err *e, struct prune *p, const char *name,
                     enum digest_algorithm algorithm)
{
	CLEANUP(mem_freep) char *dir = mem_printf("%s/%s", p->store->dir, name);
	DIR *d = opendir(dir);
	struct dirent *entry;
	struct stat st;
	int failed = 0;

	if (!d)
		return err_sys(e, "cannot list '%s'", dir);
	while (failed == 0 && (entry = readdir(d))) {
		CLEANUP(mem_freep) char *path = mem_printf("%s/%s", dir, entry->d_name);

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		/* The time of its last change of names: a file of the node that was linked is old. */
		if (wanted(p, algorithm, entry->d_name) || lstat(path, &st) < 0 ||
		    st.st_ctime > p->before)
			continue;
		if (S_ISREG(st.st_mode) && st.st_nlink == 1)
			p->bytes += st.st_blocks * 512;
		failed = file_remove_tree(e, path);
	}
	closedir(d);
	return failed;
}

int store_prune(struct err *e, struct store *s, bool (*keep)(const struct digest *d, void *ctx),
                void *ctx, int64_t age_s, int64_t *ret_bytes)
{
	struct prune p = {
		.store = s, .keep = keep, .ctx = ctx, .before = time(NULL) - (time_t)age_s
	};
	int failed = 0;

	for (size_t i = 0; i < sizeof(subdirs) / sizeof(*subdirs) && failed == 0; i++)
		failed = prune_dir(e, &p, subdirs[i],
		                   strcmp(subdirs[i], "sha256") == 0   ? DIGEST_SHA256
		                   : strcmp(subdirs[i], "sha512") == 0 ? DIGEST_SHA512
		                                                       : DIGEST_NONE);
	*ret_bytes = p.bytes;
	return failed;
}

int store_clear_temps(struct err *e, struct store *s)
{
	struct prune p = { .store = s, .before = time(NULL) };

	return prune_dir(e, &p, "tmp", DIGEST_NONE);
}
