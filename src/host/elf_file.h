/* SPDX-License-Identifier: MIT */
/*
 * elf_file: what the dynamic linker would read of one ELF file, without running anything.
 *
 * The file may be hostile: every offset, count and string in it is checked against its bounds, and
 * nothing but program headers and the dynamic section is believed (as by the kernel and ld.so).
 * Formats: gABI ch. 4 "ELF Header", ch. 5 "Program Header", "Dynamic Linking"; LSB core generic
 * 10.7 "Symbol Versioning".
 */
#ifndef HOST_ELF_FILE_H
#define HOST_ELF_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define ELF_FILE_NAMES_MAX 4096 /* entries of each list; beyond: ERR_REJECTED */

struct elf_version {
	const char *library; /* DT_NEEDED name of who must define it; NULL: it is defined here */
	const char *name;    /* "GLIBC_2.34" */
	bool weak;           /* its absence is no error */
};

/* Strings belong to the mapping and live until elf_file_release(). */
struct elf_file {
	const uint8_t *map;
	size_t size;
	bool wide; /* ELF64 */
	unsigned machine, type;
	const char *interpreter, *soname, *rpath, *runpath; /* NULL where there is none */
	const char **needed;
	size_t needed_count;
	struct elf_version *needs, *defines;
	size_t needs_count, defines_count;
};

/*
 * `name` is for messages. *ret_elf is false, and nothing else set, for a file of another kind.
 * ERR_PRECHECK when it cannot be read, ERR_REJECTED when it is malformed.
 */
int elf_file_read(struct err *e, const char *path, const char *name, struct elf_file *ret,
                  bool *ret_elf) MUST_USE;
void elf_file_release(struct elf_file *f);

/* Is it for this machine, and what is it for ("aarch64")? */
bool elf_file_is_native(const struct elf_file *f);
const char *elf_file_machine(const struct elf_file *f);
const char *elf_native_machine(void);

#endif
