/* SPDX-License-Identifier: MIT */
#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define PAGE 4096
#define ROOM (PATH_MAX * 2)

struct recorder {
	FILE *calls, *data;
	char root[PATH_MAX]; /* "" for none */
	long long at;        /* the end of what is in `data` */
};

static _Noreturn void give_up(const char *what, const char *about)
{
	fprintf(stderr, "tracer: cannot record: %s '%s' (%s)\n", what, about, strerror(errno));
	exit(125);
}

struct recorder *record_open(const char *file, const char *root)
{
	struct recorder *r = calloc(1, sizeof(*r));
	char name[PATH_MAX];

	snprintf(name, sizeof(name), "%s.data", file);
	if (!r)
		give_up("out of memory", file);
	r->calls = fopen(file, "we");
	r->data = fopen(name, "we");
	if (!r->calls || !r->data || (root && !realpath(root, r->root)))
		give_up("open", file);
	return r;
}

void record_close(struct recorder *r)
{
	if (fclose(r->calls) != 0 || fclose(r->data) != 0)
		give_up("close", "");
	free(r);
}

/* ---- what the arguments mean ---- */

static void memory(pid_t tid, uint64_t address, char *ret, size_t size)
{
	struct iovec local = { ret, size }, remote = { (void *)(uintptr_t)address, size };

	if (process_vm_readv(tid, &local, 1, &remote, 1, 0) != (ssize_t)size)
		give_up("memory", "");
}

static void text(pid_t tid, uint64_t address, char *ret, size_t size)
{
	size_t len = 0;

	/* Page by page: behind the one with its end there may be nothing. */
	while (len < size) {
		size_t part = PAGE - (address + len) % PAGE;

		if (part > size - len)
			part = size - len;
		memory(tid, address + len, ret + len, part);
		if (memchr(ret + len, '\0', part))
			return;
		len += part;
	}
	give_up("too long", "");
}

/* Where a link of /proc/TID leads, as the command sees it. */
static void follow(const struct recorder *r, pid_t tid, const char *name, char ret[PATH_MAX])
{
	static const char gone[] = " (deleted)";
	size_t root = strlen(r->root);
	char link[64];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/%d/%s", (int)tid, name);
	len = readlink(link, ret, PATH_MAX - 1);
	if (len < 0)
		give_up("readlink", link);
	ret[len] = '\0';
	if ((size_t)len > sizeof(gone) && strcmp(ret + len - (sizeof(gone) - 1), gone) == 0)
		give_up("a file without a name", ret);
	if (strncmp(ret, r->root, root) == 0 && (ret[root] == '/' || !ret[root]))
		memmove(ret, ret + root, (size_t)len - root + 1);
}

static void path_of_fd(const struct recorder *r, pid_t tid, uint64_t fd, char ret[PATH_MAX])
{
	char name[32];

	snprintf(name, sizeof(name), "fd/%d", (int)fd);
	follow(r, tid, name, ret);
}

/* A path, relative to a directory (AT_FDCWD: where the command is). */
static void path_at(const struct recorder *r, pid_t tid, uint64_t dir, uint64_t address,
                    char ret[ROOM])
{
	char path[PATH_MAX], from[PATH_MAX] = "";

	text(tid, address, path, sizeof(path));
	if (path[0] != '/' && (int)dir == AT_FDCWD)
		follow(r, tid, "cwd", from);
	else if (path[0] != '/')
		path_of_fd(r, tid, dir, from);
	snprintf(ret, ROOM, "%s%s%s", from, path[0] == '/' ? "" : "/", path);
}

static struct stat look(pid_t tid, uint64_t fd)
{
	char link[64];
	struct stat st;

	snprintf(link, sizeof(link), "/proc/%d/fd/%d", (int)tid, (int)fd);
	if (stat(link, &st) < 0)
		give_up("stat", link);
	return st;
}

static long long position(pid_t tid, uint64_t fd)
{
	char name[64];
	long long ret = -1;
	FILE *f;

	snprintf(name, sizeof(name), "/proc/%d/fdinfo/%d", (int)tid, (int)fd);
	f = fopen(name, "re");
	if (!f || fscanf(f, "pos: %lld", &ret) != 1)
		give_up("position", name);
	fclose(f);
	return ret;
}

/* ---- what is written about them ---- */

static void begin(const struct recorder *r, const char *call)
{
	fprintf(r->calls, "{\"call\":\"%s\"", call);
}

static void end(const struct recorder *r)
{
	fputs("}\n", r->calls);
}

static void tell_number(const struct recorder *r, const char *key, long long value)
{
	fprintf(r->calls, ",\"%s\":%lld", key, value);
}

static void tell_text(const struct recorder *r, const char *key, const char *value)
{
	fprintf(r->calls, ",\"%s\":\"", key);
	for (const char *p = value; *p; p++) {
		if ((unsigned char)*p < ' ')
			give_up("a control character in", value);
		if (*p == '"' || *p == '\\')
			fputc('\\', r->calls);
		fputc(*p, r->calls);
	}
	fputc('"', r->calls);
}

static void tell_fd(const struct recorder *r, const char *call, pid_t tid, uint64_t fd)
{
	char path[PATH_MAX];

	path_of_fd(r, tid, fd, path);
	begin(r, call);
	tell_text(r, "path", path);
}

static void tell_path(const struct recorder *r, const char *key, pid_t tid, uint64_t dir,
                      uint64_t address)
{
	char path[ROOM];

	path_at(r, tid, dir, address, path);
	tell_text(r, key, path);
}

static void tell_owner(const struct recorder *r, const struct stat *st)
{
	tell_number(r, "mode", st->st_mode & 07777);
	tell_number(r, "uid", st->st_uid);
	tell_number(r, "gid", st->st_gid);
}

/* Read back from the file, which has it whichever way it came there. */
static void record_data(struct recorder *r, pid_t tid, uint64_t fd, long long start, long long size)
{
	char link[64], buf[65536];
	int file;

	tell_fd(r, "write", tid, fd);
	tell_number(r, "start", start);
	tell_number(r, "size", size);
	tell_number(r, "at", r->at);
	end(r);
	snprintf(link, sizeof(link), "/proc/%d/fd/%d", (int)tid, (int)fd);
	file = open(link, O_RDONLY | O_CLOEXEC);
	for (long long done = 0; done < size;) {
		long long left = size - done;
		size_t part = left < (long long)sizeof(buf) ? (size_t)left : sizeof(buf);
		ssize_t n = pread(file, buf, part, start + done);

		if (n <= 0 || fwrite(buf, 1, (size_t)n, r->data) != (size_t)n)
			give_up("data of", link);
		done += n;
	}
	close(file);
	r->at += size;
}

static void record_open_call(struct recorder *r, pid_t tid, uint64_t flags, int64_t fd)
{
	struct stat st = look(tid, (uint64_t)fd);

	if (!S_ISREG(st.st_mode))
		return;
	if ((flags & O_TMPFILE) == O_TMPFILE)
		give_up("O_TMPFILE", "");
	tell_fd(r, "open", tid, (uint64_t)fd);
	tell_number(r, "truncate", (flags & O_TRUNC) != 0);
	tell_owner(r, &st);
	end(r);
}

static void record_setxattr(struct recorder *r, pid_t tid, const uint64_t *args)
{
	static char value[XATTR_SIZE_MAX];
	struct stat st = look(tid, args[0]);
	char name[PAGE];

	text(tid, args[1], name, sizeof(name));
	if (args[3])
		memory(tid, args[2], value, args[3]);
	tell_fd(r, "setxattr", tid, args[0]);
	tell_text(r, "name", name);
	tell_number(r, "mode", st.st_mode & 07777);
	fputs(",\"value\":\"", r->calls);
	for (uint64_t i = 0; i < args[3]; i++)
		fprintf(r->calls, "%02x", (unsigned char)value[i]);
	fputc('"', r->calls);
	end(r);
}

static void record_two(struct recorder *r, const char *call, pid_t tid, const uint64_t *from,
                       const uint64_t *to, uint64_t flags)
{
	begin(r, call);
	tell_path(r, "from", tid, from[0], from[1]);
	tell_path(r, "to", tid, to[0], to[1]);
	if (strcmp(call, "rename") == 0)
		tell_number(r, "exchange", (flags & RENAME_EXCHANGE) != 0);
	end(r);
}

static void record_name(struct recorder *r, const char *call, pid_t tid, uint64_t dir,
                        uint64_t address)
{
	begin(r, call);
	tell_path(r, "path", tid, dir, address);
	end(r);
}

static void record_mkdir(struct recorder *r, pid_t tid, uint64_t dir, uint64_t address)
{
	char path[ROOM], outside[PATH_MAX + ROOM];
	struct stat st;

	path_at(r, tid, dir, address, path);
	snprintf(outside, sizeof(outside), "%s%s", r->root, path);
	if (lstat(outside, &st) < 0)
		give_up("stat", outside);
	begin(r, "mkdir");
	tell_text(r, "path", path);
	tell_owner(r, &st);
	end(r);
}

static void record_symlink(struct recorder *r, pid_t tid, uint64_t target, uint64_t dir,
                           uint64_t address)
{
	char to[PATH_MAX];

	text(tid, target, to, sizeof(to));
	begin(r, "symlink");
	tell_path(r, "path", tid, dir, address);
	tell_text(r, "target", to);
	end(r);
}

static void record_fd(struct recorder *r, const char *call, pid_t tid, uint64_t fd)
{
	struct stat st = look(tid, fd);

	tell_fd(r, call, tid, fd);
	if (strcmp(call, "truncate") == 0)
		tell_number(r, "size", st.st_size);
	if (strcmp(call, "chmod") == 0 || strcmp(call, "chown") == 0)
		tell_owner(r, &st);
	end(r);
}

void record_call(struct recorder *r, pid_t tid, long number, const uint64_t *args, int64_t result)
{
	const uint64_t here = (uint64_t)AT_FDCWD;
	char name[32];

	switch (number) {
	case SYS_open:
		record_open_call(r, tid, args[1], result);
		break;
	case SYS_openat:
		record_open_call(r, tid, args[2], result);
		break;
	case SYS_pwrite64:
		record_data(r, tid, args[0], (long long)args[3], result);
		break;
	case SYS_write:
	case SYS_writev:
	case SYS_sendfile:
		record_data(r, tid, args[0], position(tid, args[0]) - result, result);
		break;
	case SYS_copy_file_range:
		if (args[3])
			give_up("a copy to an offset", "");
		if (result > 0)
			record_data(r, tid, args[2], position(tid, args[2]) - result, result);
		break;
	case SYS_ioctl: /* FICLONE: no other one changes the disk */
		record_data(r, tid, args[0], 0, look(tid, args[0]).st_size);
		break;
	case SYS_ftruncate:
		record_fd(r, "truncate", tid, args[0]);
		break;
	case SYS_fchmod:
		record_fd(r, "chmod", tid, args[0]);
		break;
	case SYS_fchown:
		record_fd(r, "chown", tid, args[0]);
		break;
	case SYS_fsync:
		record_fd(r, "fsync", tid, args[0]);
		break;
	case SYS_fsetxattr:
		record_setxattr(r, tid, args);
		break;
	case SYS_rename:
		record_two(r, "rename", tid, (uint64_t[]){ here, args[0] },
		           (uint64_t[]){ here, args[1] }, 0);
		break;
	case SYS_renameat2:
		record_two(r, "rename", tid, args, args + 2, args[4]);
		break;
	case SYS_link:
		record_two(r, "link", tid, (uint64_t[]){ here, args[0] },
		           (uint64_t[]){ here, args[1] }, 0);
		break;
	case SYS_linkat:
		record_two(r, "link", tid, args, args + 2, 0);
		break;
	case SYS_symlink:
		record_symlink(r, tid, args[0], here, args[1]);
		break;
	case SYS_mkdir:
		record_mkdir(r, tid, here, args[0]);
		break;
	case SYS_unlink:
		record_name(r, "unlink", tid, here, args[0]);
		break;
	case SYS_unlinkat:
		record_name(r, args[2] & AT_REMOVEDIR ? "rmdir" : "unlink", tid, args[0], args[1]);
		break;
	case SYS_rmdir:
		record_name(r, "rmdir", tid, here, args[0]);
		break;
	default:
		snprintf(name, sizeof(name), "%ld", number);
		give_up("a call that is not known here: number", name);
	}
}
