/* SPDX-License-Identifier: MIT */
/*
 * elf: will this program run on this node? Answered by reading, without running it: the machine
 * it is for, its interpreter, and for every shared library it needs (and those need) whether the
 * node has it with the symbol versions that are asked for.
 * Formats: System V ABI gABI ch. 4-5; symbol versioning as in the LSB core generic, ch. 10.7;
 * ld.so(8) for the search order (RPATH, RUNPATH with $ORIGIN, ld.so.cache or the default
 * directories).
 */
#ifndef HOST_ELF_H
#define HOST_ELF_H

#include <stdbool.h>

#include "base/err.h"

enum elf_kind {
	ELF_NOT,    /* no ELF file: a script, a configuration file */
	ELF_STATIC, /* needs nothing */
	ELF_DYNAMIC
};

struct elf_check {
	const char *path;   /* the file to examine (may be a temporary name) */
	const char *target; /* where it will be installed: $ORIGIN, and for messages */
	/* Files that will be installed together with it: target path -> path now. NULL-terminated
	 * pairs; a library that comes with the same image counts as present. May be NULL. */
	const char *const (*together)[2];
};

/*
 * ERR_PRECHECK: "'/usr/bin/runc' needs GLIBC_2.38, which libc.so.6 of this node does not have".
 * ERR_REJECTED: another architecture ("is for aarch64, this node is x86_64"), or malformed.
 */
int elf_check(struct err *e, const struct elf_check *c, enum elf_kind *ret) MUST_USE;

#endif
