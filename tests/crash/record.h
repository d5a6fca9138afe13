/* SPDX-License-Identifier: MIT */
/*
 * record: what the calls of a command did to the disk, in enough detail to do it again.
 *
 * One JSON object a line, for each call that succeeded. "call" says what it did, whatever its name
 * is in the kernel's table; paths are absolute, as the command sees them:
 *
 *	open      path, truncate, mode, uid, gid     of a regular file; the mode is what it has now
 *	write     path, start, size, at              size bytes at start; a copy or a clone, too
 *	truncate  path, size
 *	chmod     path, mode        chown     path, uid, gid
 *	setxattr  path, name, value (in hex), mode   an access list changes the mode, too
 *	fsync     path                               of a file or a directory
 *	rename    from, to, exchange                 link      from, to
 *	symlink   path, target                       mkdir     path, mode, uid, gid
 *	unlink    path                               rmdir     path
 *
 * What was written is in FILE.data, from offset `at` on: a later call may overwrite it on the disk.
 * A call that changes the disk in a way that is not in this list ends the program: to leave it out
 * would make a record that says too little.
 */
#ifndef RECORD_H
#define RECORD_H

#include <stdint.h>
#include <sys/types.h>

struct recorder;

/* root: what the command is chrooted into, NULL for nothing. */
struct recorder *record_open(const char *file, const char *root);
void record_call(struct recorder *r, pid_t tid, long number, const uint64_t *args, int64_t result);
void record_close(struct recorder *r);

#endif
