/* SPDX-License-Identifier: MIT */
/*
 * elf_search: the directories in which this node's dynamic linkers look for libraries, behind what
 * the programs themselves name.
 *
 * glibc: the directories of /etc/ld.so.conf with its includes, then the built-in ones. ld.so.cache
 * is made of just these; it is not read, since what is installed may be newer than the cache.
 * musl: /etc/ld-musl-ARCH.path, or the built-in ones where that does not exist.
 */
#ifndef HOST_ELF_SEARCH_H
#define HOST_ELF_SEARCH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define ELF_SEARCH_MAX 256 /* directories; more are left out */

struct elf_search {
	char **dirs;
	size_t count;
};

void elf_search_init(struct elf_search *s, bool musl);
void elf_search_release(struct elf_search *s);

/* Reads a file in the form of /etc/ld.so.conf; for tests. */
void elf_search_add_conf(struct elf_search *s, const char *path);

#endif
