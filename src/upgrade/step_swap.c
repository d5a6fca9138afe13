/* SPDX-License-Identifier: MIT */
/*
 * swap: the moment at which the node's files change.
 *
 *	{"files": [{"path": "/usr/sbin/dockerd", "temp": "/usr/sbin/.dockerd.nodelift-ID",
 *	            "old": HEX,      content of path before; none: the file is added
 *	            "new": HEX,      content of temp before; none: the file is removed
 *	            "mode": 493}]}
 *
 * A file that is replaced changes names with its temp in one system call; after it temp holds the
 * old content. Where the filesystem cannot exchange, the old content gets a second name first:
 *
 *	          path  temp  temp~                        path  temp  temp~
 *	before    old   new   -        link path temp~     old   new   old
 *	                               rename temp path    new   -     old
 *	                               rename temp~ temp   new   old   -       as after an exchange
 *
 * An exchange done twice is an exchange undone: so each file is first looked at, by its content.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "os/file.h"
#include "upgrade/content.h"
#include "upgrade/install.h"
#include "upgrade/run.h"

struct swap {
	const char *path, *temp;
	char *backup; /* temp~ */
	struct digest old, new;
	unsigned mode;
};

static void swap_release(struct swap *s)
{
	mem_freep(&s->backup);
}

static int swap_read(struct err *e, const struct json *f, struct swap *ret)
{
	*ret = (struct swap){ .path = json_str(f, "path"), .temp = json_str(f, "temp") };
	if (!ret->path || !ret->temp)
		return err_set(e, ERR_BUG, "swap: a file without path or temp");
	ret->backup = mem_printf("%s~", ret->temp);
	ret->mode = (unsigned)json_int(f, "mode", 0755);
	if (content_wanted(e, f, "old", &ret->old) < 0)
		return -1;
	return content_wanted(e, f, "new", &ret->new);
}

static bool is_none(const struct digest *d)
{
	return d->algorithm == DIGEST_NONE;
}

static int sync_names(struct err *e, const struct json *args)
{
	const char *last = "";
	int failed = 0;
	struct err mine;

	/* Files of one directory stand together: it is synced once. */
	for (const struct json *f = json_first(json_get(args, "files")); f; f = json_next(f)) {
		const char *path = json_str(f, "path");
		size_t len = (size_t)(file_base(path) - path);

		if (strncmp(last, path, len) == 0 && !strchr(last + len, '/'))
			continue;
		/* A directory that went away with a step before this one has no names to sync. */
		if (file_sync_parent(&mine, path) < 0 && mine.sys != ENOENT && !failed++)
			*e = mine;
		last = path;
	}
	return failed ? -1 : 0;
}

/* Somebody may have replaced the file since the plan was made: then this plan is not for it. */
static int check_path(struct err *e, const struct swap *s)
{
	struct digest have;

	if (content_found(e, s->path, &have) < 0)
		return -1;
	return digest_equal(&have, &s->old)
	               ? 0
	               : err_set(e, ERR_PRECHECK, "'%s' was changed since the plan was made",
	                         s->path);
}

static int check_temp(struct err *e, const struct swap *s)
{
	struct digest have;

	if (is_none(&s->new))
		return 0;
	if (content_found(e, s->temp, &have) < 0)
		return -1;
	return digest_equal(&have, &s->new)
	               ? 0
	               : err_set(e, ERR_PRECHECK, "'%s' is not what was staged", s->temp);
}

static int check_files(struct err *e, const struct json *args, bool staged)
{
	for (const struct json *f = json_first(json_get(args, "files")); f; f = json_next(f)) {
		CLEANUP(swap_release) struct swap s = { 0 };

		if (swap_read(e, f, &s) < 0 || check_path(e, &s) < 0)
			return -1;
		if (staged && check_temp(e, &s) < 0)
			return -1;
	}
	return 0;
}

static int check(struct err *e, const struct json *args, void *ctx)
{
	(void)ctx;
	return check_files(e, args, false);
}

static int by_link(struct err *e, const struct swap *s)
{
	if (file_remove(e, s->backup) < 0)
		return -1;
	if (link(s->path, s->backup) < 0)
		return err_sys(e, "cannot link '%s' to '%s'", s->path, s->backup);
	if (file_sync_parent(e, s->path) < 0 || file_rename(e, s->temp, s->path) < 0)
		return -1;
	/* On the disk before the backup's name goes: a power cut may keep the later of two renames. */
	if (file_sync_parent(e, s->path) < 0)
		return -1;
	return file_rename(e, s->backup, s->temp);
}

static int apply_one(struct err *e, const struct json *f)
{
	CLEANUP(swap_release) struct swap s = { 0 };
	bool can;

	if (swap_read(e, f, &s) < 0)
		return -1;
	if (is_none(&s.old))
		return file_rename_new(e, s.temp, s.path);
	if (is_none(&s.new))
		return file_rename(e, s.path, s.temp);
	if (file_exchange(e, s.path, s.temp, &can) < 0)
		return -1;
	return can ? 0 : by_link(e, &s);
}

static int apply(struct err *e, const struct json *args, void *ctx)
{
	(void)ctx;
	if (check_files(e, args, true) < 0)
		return -1;
	/* Looked at all, now all at once: the shortest time in which the set is a mixed one. */
	for (const struct json *f = json_first(json_get(args, "files")); f; f = json_next(f))
		if (apply_one(e, f) < 0)
			return -1;
	return sync_names(e, args);
}

/* The old content is at `at`: back to its place. */
static int bring_back(struct err *e, const struct swap *s, const char *at, bool path_exists)
{
	bool can = false;

	if (path_exists && file_exchange(e, s->path, at, &can) < 0)
		return -1;
	return can ? 0 : file_rename(e, at, s->path);
}

/* Neither name has the old content any more: somebody removed it. The store has kept it. */
static int restore(struct err *e, const struct run *r, const struct swap *s, bool path_exists)
{
	log_warn("the old content of '%s' is gone from '%s': taken from the store", s->path,
	         s->temp);
	if (install_file(e, r->store, &s->old, s->backup, path_exists ? s->path : NULL, s->mode) <
	    0)
		return err_wrap(e, "the old content of '%s' is lost", s->path);
	return file_rename(e, s->backup, s->path);
}

static int undo_added(struct err *e, const struct swap *s, const struct digest *at_path)
{
	if (is_none(at_path))
		return 0;
	if (digest_equal(at_path, &s->new))
		return file_remove(e, s->path);
	log_warn("'%s' is not what was installed: it is left as it is", s->path);
	return 0;
}

static int undo_one(struct err *e, const struct json *f, const struct run *r)
{
	CLEANUP(swap_release) struct swap s = { 0 };
	struct digest at_path, at_temp, at_backup;
	bool waits;

	if (swap_read(e, f, &s) < 0 || content_found(e, s.path, &at_path) < 0)
		return -1;
	if (digest_equal(&at_path, &s.old))
		return file_remove(e, s.backup);
	if (is_none(&s.old))
		return undo_added(e, &s, &at_path);
	if (content_found(e, s.temp, &at_temp) < 0 || content_found(e, s.backup, &at_backup) < 0)
		return -1;
	if (digest_equal(&at_temp, &s.old)) {
		if (bring_back(e, &s, s.temp, !is_none(&at_path)) < 0)
			return -1;
		return file_remove(e, s.backup);
	}
	waits = !is_none(&s.new) && digest_equal(&at_temp, &s.new);
	if (digest_equal(&at_backup, &s.old) && (is_none(&at_path) || !waits))
		return file_rename(e, s.backup, s.path);
	if (waits) {
		log_warn("'%s' was changed by somebody else, not by us: it is left as it is",
		         s.path);
		return file_remove(e, s.backup);
	}
	return restore(e, r, &s, !is_none(&at_path));
}

static int undo(struct err *e, const struct json *args, void *ctx)
{
	const struct run *r = ctx;
	int failed = 0;
	struct err mine;

	for (const struct json *f = json_first(json_get(args, "files")); f; f = json_next(f))
		if (undo_one(&mine, f, r) < 0 && !failed++)
			*e = mine;
	if (sync_names(&mine, args) < 0 && !failed++)
		*e = mine;
	return failed ? -1 : 0;
}

/* What is at temp now is the old content; the store keeps it. */
static int settle_one(struct err *e, const struct json *f)
{
	CLEANUP(swap_release) struct swap s = { 0 };
	struct digest at_path;

	if (swap_read(e, f, &s) < 0 || content_found(e, s.path, &at_path) < 0)
		return -1;
	if (!digest_equal(&at_path, &s.new)) {
		log_warn("'%s' is not what was committed: '%s' is left beside it", s.path, s.temp);
		return 0;
	}
	return file_remove(e, s.temp) < 0 || file_remove(e, s.backup) < 0 ? -1 : 0;
}

static int settle(struct err *e, const struct json *args, void *ctx)
{
	(void)ctx;
	for (const struct json *f = json_first(json_get(args, "files")); f; f = json_next(f))
		if (settle_one(e, f) < 0)
			return -1;
	return sync_names(e, args);
}

const struct step_kind step_swap = {
	.name = "swap",
	.disturbs = true,
	.check = check,
	.apply = apply,
	.undo = undo,
	.settle = settle,
};
