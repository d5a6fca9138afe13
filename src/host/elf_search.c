/* SPDX-License-Identifier: MIT */
#include "host/elf_search.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "host/elf_file.h"
#include "os/file.h"

#define CONF_MAX (1024 * 1024)
#define CONF_DEPTH 8 /* includes in includes */
#define BLANKS " \t\r"

static void add(struct elf_search *s, const char *dir, size_t len)
{
	while (len > 1 && dir[len - 1] == '/')
		len--;
	if (!len || dir[0] != '/' || s->count == ELF_SEARCH_MAX)
		return;
	if (!s->dirs)
		s->dirs = mem_grow(NULL, ELF_SEARCH_MAX, sizeof(*s->dirs));
	s->dirs[s->count++] = mem_ndup(dir, len);
}

static void add_conf(struct elf_search *s, const char *path, int depth);

/* The argument of "include": a pattern, relative to the file that it stands in. */
static void add_included(struct elf_search *s, const char *pattern, const char *from, int depth)
{
	CLEANUP(mem_freep) char *parent = file_parent(from);
	CLEANUP(mem_freep)
	char *full = pattern[0] == '/' ? mem_dup(pattern) : mem_printf("%s/%s", parent, pattern);
	glob_t found;

	if (glob(full, 0, NULL, &found) != 0)
		return;
	for (size_t i = 0; i < found.gl_pathc; i++)
		add_conf(s, found.gl_pathv[i], depth + 1);
	globfree(&found);
}

static void add_line(struct elf_search *s, char *line, const char *path, int depth)
{
	line[strcspn(line, "#")] = '\0';
	line += strspn(line, BLANKS);
	for (size_t len = strlen(line); len && strchr(BLANKS, line[len - 1]);)
		line[--len] = '\0';
	if (str_starts(line, "include") && strspn(line + 7, BLANKS) && depth < CONF_DEPTH)
		add_included(s, line + 7 + strspn(line + 7, BLANKS), path, depth);
	else
		add(s, line, strcspn(line, "=")); /* "DIR=libc6" is an old form */
}

static void add_conf(struct elf_search *s, const char *path, int depth)
{
	CLEANUP(str_release) struct str text = { .s = NULL };
	struct err e;
	char *rest, *line;

	if (file_read(&e, path, CONF_MAX, &text) < 0) {
		log_debug("%s", e.msg);
		return;
	}
	rest = text.s;
	while ((line = strsep(&rest, "\n")))
		add_line(s, line, path, depth);
}

void elf_search_add_conf(struct elf_search *s, const char *path)
{
	add_conf(s, path, 0);
}

static void init_glibc(struct elf_search *s)
{
	static const char *const plain[] = { "/lib64", "/usr/lib64", "/lib", "/usr/lib" };
	static const char *const multiarch[] = { "/lib", "/usr/lib" };

	elf_search_add_conf(s, "/etc/ld.so.conf");
	for (size_t i = 0; i < sizeof(multiarch) / sizeof(multiarch[0]); i++) {
		CLEANUP(mem_freep)
		char *dir = mem_printf("%s/%s-linux-gnu", multiarch[i], elf_native_machine());

		add(s, dir, strlen(dir));
	}
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		add(s, plain[i], strlen(plain[i]));
}

static void init_musl(struct elf_search *s)
{
	CLEANUP(mem_freep) char *path = mem_printf("/etc/ld-musl-%s.path", elf_native_machine());
	CLEANUP(str_release) struct str text = { .s = NULL };
	static const char builtin[] = "/lib:/usr/local/lib:/usr/lib";
	const char *p = builtin;
	struct err e;

	if (file_read(&e, path, CONF_MAX, &text) == 0)
		p = text.s ? text.s : "";
	for (size_t n; *p; p += n + (p[n] != '\0')) {
		n = strcspn(p, ":\n");
		add(s, p, n);
	}
}

void elf_search_init(struct elf_search *s, bool musl)
{
	*s = (struct elf_search){ .dirs = NULL };
	if (musl)
		init_musl(s);
	else
		init_glibc(s);
}

void elf_search_release(struct elf_search *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->dirs[i]);
	free(s->dirs);
	*s = (struct elf_search){ .dirs = NULL };
}
