/* SPDX-License-Identifier: MIT */
#include "oci/pack.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "codec/inflate.h"
#include "io/fd.h"

struct pack {
	const char *name;
	struct pack_entry entry;
	int count; /* entries that were given */
	/* of an archive */
	struct fd_source file;
	struct inflate inflate;
	struct tar *tar; /* NULL: it is a directory */
	/* of a directory */
	int dir;
	char **names;
	int name_count;
	int fd; /* of the current file */
};

/* ---- a directory ---- */

static void add_name(struct pack *p, char *name)
{
	p->names = mem_grow(p->names, (size_t)p->name_count + 1, sizeof(*p->names));
	p->names[p->name_count++] = name;
}

/* Opens step by step: no component may be a link. */
static int open_directory(struct err *e, const struct pack *p, const char *path, int *ret)
{
	CLEANUP(mem_closep) int at = -1;
	CLEANUP(mem_freep) char *copy = mem_dup(path);
	char *rest = copy;

	for (char *part = strsep(&rest, "/"); part; part = strsep(&rest, "/")) {
		int next = openat(at < 0 ? p->dir : at, part,
		                  O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (next < 0 && errno != ENOENT)
			return err_set(e, ERR_REJECTED,
			               "'%s/%s' is no directory of an OCI layout: %s", p->name,
			               path, strerror(errno));
		if (next < 0)
			return err_sys(e, "cannot open '%s/%s'", p->name, path);
		mem_closep(&at);
		at = next;
	}
	*ret = mem_steal_fd(&at);
	return 0;
}

static int list_blobs(struct err *e, struct pack *p, const char *path)
{
	struct dirent *entry;
	int fd, failed = 0;
	DIR *d;

	if (open_directory(e, p, path, &fd) < 0)
		return e->sys == ENOENT ? 0 : -1;
	d = fdopendir(fd);
	if (!d) {
		close(fd);
		return err_sys(e, "cannot list '%s/%s'", p->name, path);
	}
	while (failed == 0 && (entry = readdir(d))) {
		if (entry->d_name[0] == '.')
			continue;
		if (p->name_count >= IMPORT_ENTRIES_MAX)
			failed = err_set(e, ERR_REJECTED, "'%s' has more than %d files", p->name,
			                 IMPORT_ENTRIES_MAX);
		else
			add_name(p, mem_printf("%s/%s", path, entry->d_name));
	}
	closedir(d);
	return failed;
}

static int list_layout(struct err *e, struct pack *p)
{
	struct stat st;

	if (fstatat(p->dir, "index.json", &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set(e, ERR_REJECTED,
		               "directory '%s' is no OCI layout: it has no index.json", p->name);
	add_name(p, mem_dup("index.json"));
	if (fstatat(p->dir, "oci-layout", &st, AT_SYMLINK_NOFOLLOW) == 0)
		add_name(p, mem_dup("oci-layout"));
	return list_blobs(e, p, "blobs/sha256") < 0 || list_blobs(e, p, "blobs/sha512") < 0 ? -1
	                                                                                    : 0;
}

static int open_file(struct err *e, struct pack *p, const char *path, struct stat *ret)
{
	CLEANUP(mem_closep) int parent = -1;
	const char *slash = strrchr(path, '/');

	if (slash) {
		CLEANUP(mem_freep) char *dir = mem_ndup(path, (size_t)(slash - path));

		if (open_directory(e, p, dir, &parent) < 0)
			return -1;
	}
	/* O_NONBLOCK: a FIFO is found to be one and not waited for */
	p->fd = openat(slash ? parent : p->dir, slash ? slash + 1 : path,
	               O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (p->fd < 0 && errno != ELOOP && errno != ENXIO)
		return err_sys(e, "cannot open '%s/%s'", p->name, path);
	if (p->fd < 0 || fstat(p->fd, ret) < 0 || !S_ISREG(ret->st_mode))
		return err_set(e, ERR_REJECTED, "'%s/%s' is not a regular file", p->name, path);
	return 0;
}

static int next_file(struct err *e, struct pack *p, const struct pack_entry **ret)
{
	const char *name;
	struct stat st;

	source_close(&p->file.source);
	mem_closep(&p->fd);
	if (p->count == p->name_count)
		return 0;
	name = p->names[p->count++];
	if (open_file(e, p, name, &st) < 0)
		return -1;
	fd_source_init(&p->file, p->fd, name);
	p->entry = (struct pack_entry){ .name = name, .type = TAR_FILE, .size = st.st_size };
	*ret = &p->entry;
	return 0;
}

/* ---- an archive ---- */

static int next_entry(struct err *e, struct pack *p, const struct pack_entry **ret)
{
	const struct tar_entry *t;

	if (tar_next(e, p->tar, &t) < 0)
		return -1;
	if (!t)
		return 0;
	if (p->count++ >= IMPORT_ENTRIES_MAX)
		return err_set(e, ERR_REJECTED, "'%s' has more than %d entries", p->name,
		               IMPORT_ENTRIES_MAX);
	p->entry = (struct pack_entry){
		.name = t->path, .link = t->link, .type = t->type, .size = t->size
	};
	while (str_starts(p->entry.name, "./"))
		p->entry.name += strlen("./");
	*ret = &p->entry;
	return 0;
}

/* ---- either ---- */

int pack_open(struct err *e, int fd, const char *name, struct pack **ret)
{
	CLEANUP(pack_closep) struct pack *p = mem_alloc(sizeof(*p));
	struct stat st;

	*p = (struct pack){ .name = name, .dir = -1, .fd = -1 };
	if (fstat(fd, &st) < 0)
		return err_sys(e, "cannot examine '%s'", name);
	if (S_ISDIR(st.st_mode)) {
		p->dir = fd;
		if (list_layout(e, p) < 0)
			return -1;
	} else {
		fd_source_init(&p->file, fd, name);
		inflate_init(&p->inflate, &p->file.source, IMPORT_BYTES_MAX, name);
		if (tar_open(e, &p->inflate.source, name, &p->tar) < 0)
			return -1;
	}
	*ret = STEAL(p);
	return 0;
}

void pack_close(struct pack *p)
{
	if (p->tar)
		tar_close(p->tar);
	source_close(&p->inflate.source);
	source_close(&p->file.source);
	mem_closep(&p->fd);
	for (int i = 0; i < p->name_count; i++)
		free(p->names[i]);
	free(p->names);
	free(p);
}

void pack_closep(struct pack **p)
{
	if (*p)
		pack_close(*p);
}

int pack_next(struct err *e, struct pack *p, const struct pack_entry **ret)
{
	*ret = NULL;
	return p->tar ? next_entry(e, p, ret) : next_file(e, p, ret);
}

struct source *pack_data(struct pack *p)
{
	return p->tar ? tar_data(p->tar) : &p->file.source;
}
