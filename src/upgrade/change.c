/* SPDX-License-Identifier: MIT */
#include "upgrade/change.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/mem.h"
#include "host/elf.h"
#include "os/file.h"
#include "upgrade/content.h"

#define ROOM_MARGIN (16LL * 1024 * 1024) /* bytes that stay free on every filesystem */

void change_list_release(struct change_list *l)
{
	for (int i = 0; i < l->count; i++)
		free(l->items[i].path);
	free(l->items);
	*l = (struct change_list){ 0 };
}

/* What a cleanup variable owns, for who returns it. */
static struct change_list steal(struct change_list *l)
{
	struct change_list stolen = *l;

	*l = (struct change_list){ 0 };
	return stolen;
}

bool change_is_needed(const struct change *c)
{
	return !digest_equal(&c->old, &c->new);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct change *)a)->path, ((const struct change *)b)->path);
}

static int add(struct err *e, struct change_list *l, struct change *c)
{
	for (int i = 0; i < l->count; i++) {
		if (strcmp(l->items[i].path, c->path) != 0)
			continue;
		/* Two names of the image lead to one file of the node: only the same content may. */
		if (!digest_equal(&l->items[i].new, &c->new))
			return err_set(e, ERR_PRECHECK, "two files of the image belong to '%s'",
			               c->path);
		l->items[i].says_version |= c->says_version;
		free(STEAL(c->path));
		return 0;
	}
	l->items = mem_grow(l->items, (size_t)l->count + 1, sizeof(*l->items));
	l->items[l->count++] = *c;
	c->path = NULL;
	return 0;
}

/*
 * A name that the image gave becomes one of the node, and of every list, log and terminal that shows
 * it: printable ASCII, and short enough that a temporary name beside it (plan.c) is one, too.
 */
static int check_name(struct err *e, const char *path)
{
	for (const char *p = path; *p; p++)
		if (*p < ' ' || *p > '~')
			return err_set(e, ERR_REJECTED,
			               "the image has a file whose name is not printable ASCII: "
			               "'%.300s'",
			               path);
	if (strlen(file_base(path)) > CHANGE_NAME_MAX)
		return err_set(e, ERR_REJECTED,
		               "the image has a file whose name has more than %d characters: "
		               "'%.300s'",
		               CHANGE_NAME_MAX, file_base(path));
	return 0;
}

static int add_file(struct err *e, const struct node *n, const struct profile_file *f,
                    const struct extracted *x, struct change_list *l)
{
	struct change c = { .new = x->digest, .size = x->size, .says_version = f->says_version };
	int failed;

	/* Executable for all where the image says so for anybody; never set-uid, never writable. */
	c.mode = x->mode & 0111 ? 0755 : 0644;
	if (check_name(e, x->path) < 0 || node_locate(e, n, f, x->path, &c.path) < 0)
		return -1;
	failed = content_found(e, c.path, &c.old) < 0 || add(e, l, &c) < 0;
	free(c.path);
	return failed ? -1 : 0;
}

int change_from_image(struct err *e, const struct node *n, const struct profile *p,
                      const struct extracted_list *files, struct change_list *ret)
{
	CLEANUP(change_list_release) struct change_list l = { 0 };

	for (int i = 0; i < p->file_count; i++) {
		const struct profile_file *f = &p->files[i];
		int found = 0;

		for (int k = 0; k < files->count; k++) {
			if (!profile_file_matches(f, files->items[k].path))
				continue;
			found++;
			if (add_file(e, n, f, &files->items[k], &l) < 0)
				return -1;
		}
		if (f->required && !found)
			return err_set(e, ERR_REJECTED,
			               "the image has no '%s', which profile '%s' (%s) requires",
			               f->from, p->name, p->origin);
	}
	if (!l.count)
		return err_set(e, ERR_REJECTED,
		               "the image has none of the files that profile '%s' (%s) names",
		               p->name, p->origin);
	qsort(l.items, (size_t)l.count, sizeof(*l.items), by_path);
	*ret = steal(&l);
	return 0;
}

int change_from_swap(struct err *e, const struct json *swap, const struct store *s,
                     struct change_list *ret)
{
	CLEANUP(change_list_release) struct change_list l = { 0 };

	for (const struct json *f = json_first(json_get(swap, "files")); f; f = json_next(f)) {
		struct change c = { .path = mem_dup(json_str(f, "path")) };
		CLEANUP(mem_freep) char *stored = NULL;
		struct stat st;

		l.items = mem_grow(l.items, (size_t)l.count + 1, sizeof(*l.items));
		l.items[l.count++] = c;
		c.mode = (unsigned)json_int(f, "mode", 0755);
		if (content_wanted(e, f, "old", &c.new) < 0 || content_found(e, c.path, &c.old) < 0)
			return -1;
		if (c.new.algorithm != DIGEST_NONE) {
			stored = store_path(s, &c.new);
			if (stat(stored, &st) < 0)
				return err_sys(
					e, "the content that '%s' had before is not in the store",
					c.path);
			c.size = st.st_size;
		}
		l.items[l.count - 1] = c;
	}
	*ret = steal(&l);
	return 0;
}

int change_check_elf(struct err *e, const struct change_list *l, const struct store *s)
{
	const char *(*together)[2] = mem_alloc(sizeof(*together) * (size_t)(l->count + 1));
	int failed = 0, n = 0;

	for (int i = 0; i < l->count; i++) {
		if (l->items[i].new.algorithm == DIGEST_NONE)
			continue;
		together[n][0] = l->items[i].path;
		together[n++][1] = store_path(s, &l->items[i].new);
	}
	for (int i = 0; i < n && !failed; i++) {
		struct elf_check c = { together[i][1], together[i][0],
			               (const char *const(*)[2])together };
		enum elf_kind kind;

		failed = elf_check(e, &c, &kind) < 0;
	}
	for (int i = 0; i < n; i++)
		free((char *)(uintptr_t)together[i][1]);
	free(together);
	return failed ? -1 : 0;
}

/* The directory that `path` will be in, or the nearest one above it that there is. */
static char *existing_parent(const char *path)
{
	char *dir = file_parent(path);

	while (!file_exists(dir) && strcmp(dir, "/") != 0) {
		char *up = file_parent(dir);

		free(dir);
		dir = up;
	}
	return dir;
}

static int check_one_room(struct err *e, const struct change_list *l, int index)
{
	CLEANUP(mem_freep) char *dir = existing_parent(l->items[index].path);
	int64_t need = 0, room;
	struct statvfs fs;
	struct stat here;

	if (access(dir, W_OK) < 0)
		return errno == EROFS
		               ? err_set(e, ERR_PRECHECK, "'%s' is on a read-only filesystem", dir)
		               : err_sys(e, "cannot write to '%s'", dir);
	if (stat(dir, &here) < 0 || statvfs(dir, &fs) < 0)
		return err_sys(e, "cannot look at '%s'", dir);
	for (int i = 0; i < l->count; i++) {
		CLEANUP(mem_freep) char *other = existing_parent(l->items[i].path);
		struct stat there;

		if (change_is_needed(&l->items[i]) && stat(other, &there) == 0 &&
		    there.st_dev == here.st_dev)
			need += l->items[i].size;
	}
	room = (int64_t)fs.f_bavail * (int64_t)fs.f_frsize;
	if (need + ROOM_MARGIN > room)
		return err_set(e, ERR_PRECHECK,
		               "no space left in '%s': %lld MiB needed, %lld MiB free", dir,
		               (long long)((need + ROOM_MARGIN) >> 20), (long long)(room >> 20));
	return 0;
}

int change_check_room(struct err *e, const struct change_list *l)
{
	for (int i = 0; i < l->count; i++)
		if (change_is_needed(&l->items[i]) && check_one_room(e, l, i) < 0)
			return -1;
	return 0;
}
