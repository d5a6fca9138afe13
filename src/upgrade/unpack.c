/* SPDX-License-Identifier: MIT */
#include "upgrade/unpack.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "os/file.h"

#define MIB (1024.0 * 1024.0)

void profiles_release(struct profiles *p)
{
	profile_free(p->known);
	for (int i = 0; i < p->builtin_count; i++)
		profile_free(p->builtin[i]);
	free(p->builtin);
	*p = (struct profiles){ 0 };
}

static int read_builtin(struct err *e, struct profiles *p)
{
	int count = 0;

	while (profile_builtin(count))
		count++;
	p->builtin = mem_alloc(sizeof(*p->builtin) * (size_t)(count + 1));
	for (; p->builtin_count < count; p->builtin_count++) {
		const char *text = profile_builtin(p->builtin_count);

		if (profile_parse(e, ERR_BUG, "built-in", text, strlen(text),
		                  &p->builtin[p->builtin_count]) < 0)
			return -1;
	}
	return 0;
}

int profiles_open(struct err *e, const struct settings *s, const struct reference *ref,
                  struct profiles *ret)
{
	CLEANUP(profiles_release) struct profiles p = { 0 };
	CLEANUP(mem_freep)
	char *repository = *ref->path ? mem_printf("%s/%s", ref->host, ref->path) : mem_dup("");
	CLEANUP(mem_freep) char *dir = mem_printf("%s/profiles", s->config_dir);

	if (s->profile_file ? profile_read(e, s->profile_file, &p.known) < 0
	                    : profile_find(e, dir, repository, &p.known) < 0)
		return -1;
	if (read_builtin(e, &p) < 0)
		return -1;
	*ret = p;
	p = (struct profiles){ 0 };
	return 0;
}

/* What one reading of an image is to bring. */
struct wish {
	struct run *run;
	const struct profiles *profiles;
	const struct profile *known; /* the one that counts; NULL: not known yet */
};

/* Not known yet: the image's own profile, and what any built-in one would take. */
static bool wanted(const char *path, void *ctx)
{
	struct wish *w = ctx;

	if (w->known)
		return profile_wants(w->known, path);
	for (int i = 0; i < w->profiles->builtin_count; i++)
		if (profile_wants(w->profiles->builtin[i], path))
			return true;
	return strcmp(path, PROFILE_IN_IMAGE) == 0;
}

static int tell_progress(int64_t bytes, void *ctx)
{
	struct wish *w = ctx;

	event_tell(w->run->events, EVENT_PROGRESS, "unpack", NULL, "%.1f MiB read",
	           (double)bytes / MIB);
	return run_interrupted(w->run) != NULL;
}

static int take(struct err *e, struct wish *w, const struct image *i, struct extracted_list *ret)
{
	const char *why;

	if (extract_files(e, i, w->run->store, wanted, tell_progress, w, ret) == 0)
		return 0;
	why = run_interrupted(w->run);
	return why ? err_set(e, ERR_RETRY, "%s; nothing was touched", why) : -1;
}

static const struct extracted *find_file(const struct extracted_list *l, const char *path)
{
	for (int i = 0; i < l->count; i++)
		if (strcmp(l->items[i].path, path) == 0)
			return &l->items[i];
	return NULL;
}

static int profile_of_image(struct err *e, struct run *r, const struct extracted *file,
                            struct profile **ret)
{
	CLEANUP(mem_freep) char *path = store_path(r->store, &file->digest);
	CLEANUP(str_release) struct str text = { 0 };

	if (file_read(e, path, PROFILE_MAX, &text) < 0)
		return -1;
	return profile_parse(e, ERR_REJECTED, "the image's " PROFILE_IN_IMAGE, text.s, text.len,
	                     ret);
}

/* *ret is the first required file that is missing, NULL when all are there; how many are there? */
static int required_there(const struct profile *p, const struct extracted_list *files,
                          const char **ret)
{
	int there = 0;

	*ret = NULL;
	for (int i = 0; i < p->file_count; i++) {
		if (!p->files[i].required)
			continue;
		if (find_file(files, p->files[i].from))
			there++;
		else if (!*ret)
			*ret = p->files[i].from;
	}
	return there;
}

static int choose_builtin(struct err *e, struct profiles *p, const struct extracted_list *files,
                          struct profile **ret)
{
	err_set(e, ERR_REJECTED,
	        "no profile fits the image: it has neither %s nor the files of a built-in one; "
	        "name one with --profile",
	        PROFILE_IN_IMAGE);
	for (int i = 0; i < p->builtin_count; i++) {
		const char *missing;
		int there = required_there(p->builtin[i], files, &missing);

		if (!missing) {
			*ret = p->builtin[i];
			p->builtin[i] = NULL;
			return 0;
		}
		if (there)
			err_set(e, ERR_REJECTED,
			        "the image has no '%s', which profile '%s' (%s) requires", missing,
			        p->builtin[i]->name, p->builtin[i]->origin);
	}
	return -1;
}

/* A profile that names files by a pattern, or others, needs a second reading. */
static bool has_all(const struct profile *p, const struct extracted_list *files)
{
	for (int i = 0; i < p->file_count; i++)
		if (!find_file(files, p->files[i].from))
			return false;
	return true;
}

int unpack_image(struct err *e, struct run *r, const struct image *i, struct profiles *p,
                 struct extracted_list *ret_files, struct profile **ret)
{
	struct wish w = { .run = r, .profiles = p, .known = p->known };
	CLEANUP(profile_freep) struct profile *own = NULL;
	CLEANUP(extracted_list_release) struct extracted_list files = { 0 };
	const struct extracted *file;

	if (take(e, &w, i, &files) < 0)
		return -1;
	file = find_file(&files, PROFILE_IN_IMAGE);
	if (!p->known && file && profile_of_image(e, r, file, &own) < 0)
		return -1;
	if (own && !has_all(own, &files)) {
		w.known = own;
		extracted_list_release(&files);
		if (take(e, &w, i, &files) < 0)
			return -1;
	}
	if (!p->known && !own && choose_builtin(e, p, &files, &own) < 0)
		return -1;
	*ret = own ? STEAL(own) : STEAL(p->known);
	*ret_files = files;
	files = (struct extracted_list){ 0 };
	return 0;
}
