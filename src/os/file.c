/* SPDX-License-Identifier: MIT */
#include "os/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/mem.h"

#define READ_CHUNK 65536
#define COPY_CHUNK (256 * 1024)

int file_read(struct err *e, const char *path, size_t limit, struct str *ret)
{
	CLEANUP(mem_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	CLEANUP(mem_freep) char *buf = NULL;
	struct str text = { 0 };
	ssize_t n;

	if (fd < 0)
		return err_sys(e, "cannot open '%s'", path);
	buf = mem_alloc(READ_CHUNK);
	while ((n = read(fd, buf, READ_CHUNK)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			str_release(&text);
			return err_sys(e, "cannot read '%s'", path);
		}
		if ((size_t)n > limit - text.len) {
			str_release(&text);
			return err_set(e, ERR_PRECHECK, "'%s' is larger than %zu bytes", path,
			               limit);
		}
		str_add(&text, buf, (size_t)n);
	}
	*ret = (struct str){ 0 };
	ret->len = text.len;
	ret->s = str_steal(&text);
	return 0;
}

bool file_exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

char *file_parent(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return mem_dup(".");
	return slash == path ? mem_dup("/") : mem_ndup(path, (size_t)(slash - path));
}

const char *file_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

int file_sync(struct err *e, int fd, const char *name)
{
	return fsync(fd) < 0 ? err_sys(e, "cannot sync '%s'", name) : 0;
}

int file_sync_dir(struct err *e, const char *path)
{
	CLEANUP(mem_closep) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, "cannot open '%s'", path);
	return file_sync(e, fd, path);
}

int file_sync_parent(struct err *e, const char *path)
{
	CLEANUP(mem_freep) char *parent = file_parent(path);

	return file_sync_dir(e, parent);
}

int file_mkdirs(struct err *e, const char *path, mode_t mode)
{
	CLEANUP(mem_freep) char *parent = NULL;
	struct stat st;

	if (stat(path, &st) == 0)
		return S_ISDIR(st.st_mode)
		               ? 0
		               : err_set(e, ERR_PRECHECK, "'%s' is not a directory", path);
	parent = file_parent(path);
	if (file_mkdirs(e, parent, mode) < 0)
		return -1;
	if (mkdir(path, mode) < 0 && errno != EEXIST)
		return err_sys(e, "cannot create directory '%s'", path);
	return file_sync_dir(e, parent);
}

int file_create(struct err *e, const char *path, mode_t mode, int *ret)
{
	*ret = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	return *ret < 0 ? err_sys(e, "cannot create '%s'", path) : 0;
}

int file_write_all(struct err *e, int fd, const char *name, const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "cannot write '%s'", name);
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static int write_synced(struct err *e, const char *path, const void *data, size_t len, mode_t mode)
{
	int fd, bad;

	if (file_create(e, path, mode, &fd) < 0)
		return -1;
	bad = file_write_all(e, fd, path, data, len) < 0 || file_sync(e, fd, path) < 0;
	if (close(fd) < 0 && !bad)
		return err_sys(e, "cannot write '%s'", path);
	return bad ? -1 : 0;
}

int file_replace(struct err *e, const char *path, const void *data, size_t len, mode_t mode)
{
	CLEANUP(mem_freep) char *temp = mem_printf("%s.new", path);

	if (file_remove(e, temp) < 0)
		return -1;
	if (write_synced(e, temp, data, len, mode) < 0) {
		unlink(temp);
		return -1;
	}
	if (rename(temp, path) < 0) {
		err_sys(e, "cannot rename '%s'", temp);
		unlink(temp);
		return -1;
	}
	return file_sync_parent(e, path);
}

int file_remove(struct err *e, const char *path)
{
	if (unlink(path) < 0 && errno != ENOENT)
		return err_sys(e, "cannot remove '%s'", path);
	return 0;
}

static int remove_at(int dir, const char *name, const dev_t *device);

static int empty_dir(int fd, dev_t device)
{
	DIR *d = fdopendir(fd);
	struct dirent *entry;
	int failed = 0;

	if (!d) {
		close(fd);
		return -1;
	}
	while (failed == 0 && (entry = readdir(d)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			failed = remove_at(dirfd(d), entry->d_name, &device);
	closedir(d);
	return failed;
}

/* device: of the directory above, NULL at the top. Only directories tell where a mount begins: on
 * an overlayfs a file may be on another device than the directory that it is in. */
static int remove_at(int dir, const char *name, const dev_t *device)
{
	struct stat st;
	int fd;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -1;
	if (!S_ISDIR(st.st_mode))
		return unlinkat(dir, name, 0);
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (device && st.st_dev != *device) {
		close(fd);
		errno = EBUSY;
		return -1;
	}
	if (empty_dir(fd, st.st_dev) < 0)
		return -1;
	return unlinkat(dir, name, AT_REMOVEDIR);
}

int file_remove_tree(struct err *e, const char *path)
{
	if (remove_at(AT_FDCWD, path, NULL) < 0)
		return err_sys(e, "cannot remove '%s'", path);
	return 0;
}

int file_copy(struct err *e, int from, int to, const char *name)
{
	CLEANUP(mem_freep) char *buf = NULL;
	ssize_t n;

	if (ioctl(to, FICLONE, from) == 0)
		return 0;
	while ((n = copy_file_range(from, NULL, to, NULL, 1 << 30, 0)) > 0)
		;
	if (n == 0)
		return 0;
	/* Another filesystem, or one that cannot: what was copied so far stays, go on from there. */
	buf = mem_alloc(COPY_CHUNK);
	while ((n = read(from, buf, COPY_CHUNK)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "cannot read '%s'", name);
		if (file_write_all(e, to, name, buf, (size_t)n) < 0)
			return -1;
	}
	return 0;
}

int file_exchange(struct err *e, const char *a, const char *b, bool *ret_can)
{
	*ret_can = true;
	if (syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) == 0)
		return 0;
	*ret_can = errno != EINVAL && errno != ENOSYS && errno != ENOTSUP;
	return *ret_can ? err_sys(e, "cannot exchange '%s' and '%s'", a, b) : 0;
}

int file_rename(struct err *e, const char *from, const char *to)
{
	return rename(from, to) < 0 ? err_sys(e, "cannot rename '%s' to '%s'", from, to) : 0;
}

int file_rename_new(struct err *e, const char *from, const char *to)
{
	if (syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS && errno != ENOTSUP)
		return err_sys(e, "cannot rename '%s' to '%s'", from, to);
	/* A filesystem that cannot promise it: a link is refused where something is. */
	if (link(from, to) < 0)
		return err_sys(e, "cannot link '%s' to '%s'", from, to);
	return file_remove(e, from);
}
