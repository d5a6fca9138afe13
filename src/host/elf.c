/* SPDX-License-Identifier: MIT */
/*
 * The dynamic linker's work without its effects: the program, its loader, and breadth first every
 * library that is needed, each once, looked for where ld.so would. Then every version that any of
 * them asks for is looked up in who has to define it.
 *
 * Not looked at: the environment (LD_LIBRARY_PATH: services have none), /etc/ld.so.preload,
 * glibc-hwcaps subdirectories (variants of a library that is in its plain place too), and what a
 * program opens by itself with dlopen().
 */
#include "host/elf.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "host/elf_file.h"
#include "host/elf_search.h"
#include "os/file.h"

#define OBJECTS_MAX 256 /* dockerd has 10 */

/* A file that is in the program's memory when it runs. */
struct object {
	char *name;    /* as it was asked for */
	char *target;  /* where it is installed */
	bool together; /* comes with the image */
	struct elf_file file;
	int parent; /* who asked for it; -1: nobody */
};

struct check {
	const struct elf_check *c;
	char **real; /* of each pair in c->together: the target without symbolic links */
	bool musl;
	struct elf_search search;
	struct object objects[OBJECTS_MAX];
	int count;
	int loader; /* its index; -1: the file has none */
};

static void check_free(struct check *k)
{
	for (int i = 0; i < k->count; i++) {
		free(k->objects[i].name);
		free(k->objects[i].target);
		elf_file_release(&k->objects[i].file);
	}
	for (char **p = k->real; p && *p; p++)
		free(*p);
	free(k->real);
	elf_search_release(&k->search);
	free(k);
}

static void check_freep(struct check **k)
{
	if (*k)
		check_free(*k);
}

/* Takes ".", ".." and "//" out of an absolute path, by the text alone. */
static void tidy(char *path)
{
	char *to = path;

	for (const char *p = path; *p;) {
		size_t n;

		while (*p == '/')
			p++;
		n = strcspn(p, "/");
		if (n == 2 && p[0] == '.' && p[1] == '.') {
			while (to > path && *--to != '/')
				;
		} else if (n && !(n == 1 && p[0] == '.')) {
			*to++ = '/';
			memmove(to, p, n);
			to += n;
		}
		p += n;
	}
	if (to == path)
		*to++ = '/';
	*to = '\0';
}

/* Where a name leads, also when only its directory is there, or not even that yet. */
static char *real_path(const char *path)
{
	CLEANUP(mem_freep) char *parent = file_parent(path);
	CLEANUP(mem_freep) char *dir = NULL;
	char *whole = realpath(path, NULL);

	if (whole)
		return whole;
	dir = realpath(parent, NULL);
	if (dir)
		return mem_printf("%s/%s", dir, file_base(path));
	whole = mem_dup(path);
	tidy(whole);
	return whole;
}

static struct check *check_new(const struct elf_check *c)
{
	struct check *k = mem_alloc(sizeof(*k));
	size_t n = 0;

	k->c = c;
	k->loader = -1;
	while (c->together && c->together[n][0])
		n++;
	k->real = mem_alloc((n + 1) * sizeof(*k->real));
	for (size_t i = 0; i < n; i++)
		k->real[i] = real_path(c->together[i][0]);
	return k;
}

/* Where the file is now that will be at `path` once the image is installed; NULL: the node's own. */
static const char *from_image(const struct check *k, const char *path)
{
	CLEANUP(mem_freep) char *real = NULL;

	if (!k->real[0])
		return NULL;
	for (size_t i = 0; k->real[i]; i++) {
		if (strcmp(k->c->together[i][0], path) == 0)
			return k->c->together[i][1];
	}
	real = real_path(path);
	for (size_t i = 0; k->real[i]; i++) {
		if (strcmp(k->real[i], real) == 0)
			return k->c->together[i][1];
	}
	return NULL;
}

/* Adds the file at `path` if it is one that the loader would take. ld.so passes over names that do
 * not exist and over files of other machines. */
static int try(struct err *e, struct check *k, const char *name, const char *path, int parent,
               bool *ret)
{
	const char *now = from_image(k, path);
	struct elf_file file;
	struct object *o;
	bool elf;

	*ret = false;
	if (elf_file_read(e, now ? now : path, path, &file, &elf) < 0)
		return e->sys == ENOENT || e->sys == ENOTDIR ? 0 : -1;
	if (!elf || !elf_file_is_native(&file)) {
		elf_file_release(&file);
		return 0;
	}
	if (k->count == OBJECTS_MAX) {
		elf_file_release(&file);
		return err_set(e, ERR_REJECTED, "'%s' needs more than %d libraries", k->c->target,
		               OBJECTS_MAX);
	}
	o = &k->objects[k->count++];
	*o = (struct object){ .name = mem_dup(name),
		              .target = mem_dup(path),
		              .together = now != NULL,
		              .file = file,
		              .parent = parent };
	*ret = true;
	return 0;
}

/* Replaces $ORIGIN. NULL when there is another '$' in it: such an element names variants of a
 * directory ($LIB, $PLATFORM) that no engine is shipped with. */
static char *expand(const char *text, size_t len, const char *target)
{
	static const char *const names[] = { "${ORIGIN}", "$ORIGIN" };
	CLEANUP(mem_freep) char *real = real_path(target);
	CLEANUP(mem_freep) char *origin = file_parent(real);
	struct str ret = { .s = NULL };

	for (size_t i = 0; i < len;) {
		size_t used = 0;

		for (size_t n = 0; n < 2 && !used; n++) {
			if (len - i >= strlen(names[n]) &&
			    strncmp(text + i, names[n], strlen(names[n])) == 0)
				used = strlen(names[n]);
		}
		if (!used && text[i] == '$') {
			str_release(&ret);
			return NULL;
		}
		if (used)
			str_add(&ret, origin, strlen(origin));
		else
			str_add(&ret, text + i, 1);
		i += used ? used : 1;
	}
	return str_steal(&ret);
}

/* Looks in a list like "$ORIGIN/../lib:/opt/lib" that stands in the file of `owner`. */
static int try_list(struct err *e, struct check *k, const char *name, const char *list, int owner,
                    int parent, bool *ret)
{
	for (size_t n; list && !*ret && *list; list += n + (list[n] == ':')) {
		CLEANUP(mem_freep) char *dir = NULL;
		CLEANUP(mem_freep) char *path = NULL;

		n = strcspn(list, ":");
		dir = expand(list, n, k->objects[owner].target);
		if (!dir || dir[0] != '/') /* relative: to wherever the service happens to run */
			continue;
		path = mem_printf("%s/%s", dir, name);
		if (strlen(path) < PATH_MAX && try(e, k, name, path, parent, ret) < 0)
			return -1;
	}
	return 0;
}

/* The lists that the files themselves have, in ld.so's order (ld.so(8)). */
static int try_own_lists(struct err *e, struct check *k, const char *name, int parent, bool *ret)
{
	const struct elf_file *asks = &k->objects[parent].file;

	/* RPATH counts for all below its file too, unless the one that asks has a RUNPATH; to musl
	 * both are that. */
	for (int i = parent; i >= 0 && !*ret && (k->musl || !asks->runpath);
	     i = k->objects[i].parent) {
		const struct elf_file *f = &k->objects[i].file;
		const char *list = k->musl && f->runpath ? f->runpath : f->rpath;

		if (f->runpath && !k->musl)
			continue;
		if (try_list(e, k, name, list, i, parent, ret) < 0)
			return -1;
	}
	if (*ret || k->musl)
		return 0;
	return try_list(e, k, name, asks->runpath, parent, parent, ret);
}

static int find_library(struct err *e, struct check *k, const char *name, int parent, bool *ret)
{
	*ret = false;
	if (strchr(name, '/')) {
		CLEANUP(mem_freep)
		char *path = expand(name, strlen(name), k->objects[parent].target);

		return path && path[0] == '/' ? try(e, k, name, path, parent, ret) : 0;
	}
	if (try_own_lists(e, k, name, parent, ret) < 0)
		return -1;
	for (size_t i = 0; i < k->search.count && !*ret; i++) {
		CLEANUP(mem_freep) char *path = mem_printf("%s/%s", k->search.dirs[i], name);

		if (strlen(path) < PATH_MAX && try(e, k, name, path, parent, ret) < 0)
			return -1;
	}
	return 0;
}

/* musl's loader is its C library, under every name that that ever had. */
static bool is_musl_itself(const char *name)
{
	static const char *const parts[] = { "c", "pthread", "rt", "m", "dl", "util", "xnet" };
	size_t n;

	if (!str_starts(name, "lib"))
		return false;
	n = strcspn(name + 3, ".");
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (name[3 + n] && strlen(parts[i]) == n && strncmp(name + 3, parts[i], n) == 0)
			return true;
	}
	return false;
}

static const struct object *loaded(const struct check *k, const char *name)
{
	if (k->musl && k->loader >= 0 && is_musl_itself(name))
		return &k->objects[k->loader];
	for (int i = 1; i < k->count; i++) {
		const struct object *o = &k->objects[i];

		if (strcmp(o->name, name) == 0 ||
		    (o->file.soname && strcmp(o->file.soname, name) == 0))
			return o;
	}
	return NULL;
}

static const char *owner(const struct object *o)
{
	return o->together ? "of the image" : "of this node";
}

/* "'/usr/bin/runc'", or "'/usr/bin/runc' (through libfoo.so.1)" */
static void subject(const struct check *k, int i, char ret[ERR_MSG_MAX / 2])
{
	if (i == 0 || i == k->loader)
		snprintf(ret, ERR_MSG_MAX / 2, "the new '%.300s'", k->c->target);
	else
		snprintf(ret, ERR_MSG_MAX / 2, "the new '%.300s' (through %.150s)", k->c->target,
		         k->objects[i].name);
}

static int load_loader(struct err *e, struct check *k)
{
	const char *path = k->objects[0].file.interpreter;
	bool found;

	if (!path)
		return 0;
	if (path[0] != '/' || strlen(path) >= PATH_MAX)
		return err_set(e, ERR_REJECTED,
		               "'%s' has a loader without an absolute path: '%.100s'", k->c->target,
		               path);
	if (try(e, k, file_base(path), path, -1, &found) < 0)
		return err_wrap(e, "the new '%s' needs the loader '%.200s'", k->c->target, path);
	if (!found)
		return err_set(
			e, ERR_PRECHECK,
			"the new '%s' needs the loader '%.200s', which this node does not have",
			k->c->target, path);
	k->loader = k->count - 1;
	return 0;
}

static int load_libraries(struct err *e, struct check *k)
{
	char who[ERR_MSG_MAX / 2];

	for (int i = 0; i < k->count; i++) {
		for (size_t n = 0; n < k->objects[i].file.needed_count; n++) {
			const char *name = k->objects[i].file.needed[n];
			bool found;

			if (!*name || strlen(name) >= PATH_MAX)
				return err_set(e, ERR_REJECTED,
				               "'%s' needs a library with an impossible name",
				               k->c->target);
			if (loaded(k, name))
				continue;
			subject(k, i, who);
			if (find_library(e, k, name, i, &found) < 0)
				return err_wrap(e, "%s needs the library %.150s", who, name);
			if (!found)
				return err_set(e, ERR_PRECHECK,
				               "%s needs the library %.150s, which this node does "
				               "not have",
				               who, name);
		}
	}
	return 0;
}

static bool defines(const struct elf_file *f, const char *version)
{
	for (size_t i = 0; i < f->defines_count; i++) {
		if (strcmp(f->defines[i].name, version) == 0)
			return true;
	}
	return f->defines_count == 0; /* an unversioned library will do: ld.so only remarks on it */
}

static int check_versions(struct err *e, const struct check *k)
{
	char who[ERR_MSG_MAX / 2];

	for (int i = 0; i < k->count; i++) {
		const struct elf_file *f = &k->objects[i].file;

		for (size_t n = 0; n < f->needs_count; n++) {
			const struct object *o = loaded(k, f->needs[n].library);

			if (!o || f->needs[n].weak || defines(&o->file, f->needs[n].name))
				continue;
			subject(k, i, who);
			return err_set(e, ERR_PRECHECK,
			               "%s needs %.100s, which %.150s %s does not have", who,
			               f->needs[n].name, f->needs[n].library, owner(o));
		}
	}
	return 0;
}

static bool uses_musl(const struct elf_file *f)
{
	if (f->interpreter)
		return str_starts(file_base(f->interpreter), "ld-musl-");
	for (size_t i = 0; i < f->needed_count; i++) {
		if (str_starts(f->needed[i], "libc.musl-"))
			return true;
	}
	return false;
}

int elf_check(struct err *e, const struct elf_check *c, enum elf_kind *ret)
{
	CLEANUP(check_freep) struct check *k = NULL;
	struct elf_file file;
	bool elf;

	*ret = ELF_NOT;
	if (elf_file_read(e, c->path, c->target, &file, &elf) < 0)
		return -1;
	if (!elf)
		return 0;
	k = check_new(c);
	k->objects[k->count++] = (struct object){ .name = mem_dup(file_base(c->target)),
		                                  .target = mem_dup(c->target),
		                                  .together = true,
		                                  .file = file,
		                                  .parent = -1 };
	if (!elf_file_is_native(&file))
		return err_set(e, ERR_REJECTED, "the new '%s' is for %s, this node is %s",
		               c->target, elf_file_machine(&file), elf_native_machine());
	if (!file.interpreter && !file.needed_count) {
		*ret = ELF_STATIC;
		return 0;
	}
	*ret = ELF_DYNAMIC;
	k->musl = uses_musl(&file);
	elf_search_init(&k->search, k->musl);
	if (load_loader(e, k) < 0 || load_libraries(e, k) < 0)
		return -1;
	return k->musl ? 0 : check_versions(e, k); /* musl's loader has no notion of versions */
}
