/* SPDX-License-Identifier: MIT */
/*
 * file: whole files and directories, read with a limit and written so that a power cut leaves the
 * old or the new content. A failed fsync is never tried again: the file is given up.
 */
#ifndef OS_FILE_H
#define OS_FILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"

/* At most `limit` bytes; a longer file is an error. e->sys is ENOENT when there is none. */
int file_read(struct err *e, const char *path, size_t limit, struct str *ret) MUST_USE;
bool file_exists(const char *path); /* of any type; a dangling link exists */

/* Creates what is missing of `path`, each new directory durable in its parent. */
int file_mkdirs(struct err *e, const char *path, mode_t mode) MUST_USE;
int file_sync(struct err *e, int fd, const char *name) MUST_USE;
int file_sync_dir(struct err *e, const char *path) MUST_USE; /* the names in a directory */
int file_sync_parent(struct err *e, const char *path) MUST_USE;

/* A new, empty file for writing; `path` must not exist. */
int file_create(struct err *e, const char *path, mode_t mode, int *ret) MUST_USE;
int file_write_all(struct err *e, int fd, const char *name, const void *data, size_t len) MUST_USE;
/* Durable: temporary file, fsync, rename over `path`, fsync of the directory. */
int file_replace(struct err *e, const char *path, const void *data, size_t len,
                 mode_t mode) MUST_USE;

/* Removes one file; that there is none is no error. */
int file_remove(struct err *e, const char *path) MUST_USE;
/* Removes a directory and all below it, never following a link or crossing a mount. */
int file_remove_tree(struct err *e, const char *path) MUST_USE;

/*
 * The two names change places in one step, so that neither is ever missing (renameat2(2),
 * RENAME_EXCHANGE). Not durable before the directory is synced. Where the filesystem cannot,
 * *ret_can is false, nothing has happened, and 0 is returned.
 */
int file_exchange(struct err *e, const char *a, const char *b, bool *ret_can) MUST_USE;
int file_rename(struct err *e, const char *from, const char *to) MUST_USE;
/* The same where nothing is at `to` yet; e->sys is EEXIST when there is. */
int file_rename_new(struct err *e, const char *from, const char *to) MUST_USE;

char *file_parent(const char *path); /* "/a/b" -> "/a", "/a" -> "/", "a" -> "."; the caller frees */
const char *file_base(const char *path); /* after the last '/' */

/* The content of one open file into another, which is empty: shared or copied in the kernel where
 * that is possible. */
int file_copy(struct err *e, int from, int to, const char *name) MUST_USE;

#endif
