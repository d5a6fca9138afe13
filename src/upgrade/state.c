/* SPDX-License-Identifier: MIT */
#include "upgrade/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "os/file.h"
#include "os/lock.h"
#include "txn/journal.h"

#define DOCUMENT_MAX (16 * 1024 * 1024)
#define ID_DIGITS 6

static char *below(const struct settings *s, const char *name)
{
	return mem_printf("%s/%s", s->state_dir, name);
}

int state_prepare(struct err *e, const struct settings *s)
{
	CLEANUP(mem_freep) char *runs = below(s, "runs");

	if (file_mkdirs(e, s->state_dir, 0700) < 0 || file_mkdirs(e, runs, 0700) < 0)
		return err_wrap(e, "state directory");
	/* Also when they were there: who made them may not have lived to sync that. */
	if (file_sync_parent(e, s->state_dir) < 0 || file_sync_dir(e, s->state_dir) < 0)
		return err_wrap(e, "state directory");
	return 0;
}

int state_lock(struct err *e, const struct settings *s, const char *command, int *ret_fd)
{
	CLEANUP(mem_freep) char *path = below(s, "lock");
	CLEANUP(mem_freep) char *owner = NULL;
	char now[CLOCK_UTC_MAX];

	clock_utc(now);
	owner = mem_printf("'nodelift %s', process %d, since %s\n", command, (int)getpid(), now);
	return lock_take(e, path, owner, ret_fd);
}

bool state_is_locked(const struct settings *s, char **ret_owner)
{
	CLEANUP(mem_freep) char *path = below(s, "lock");

	return lock_held(path, ret_owner);
}

static int is_id(const struct dirent *d)
{
	return strlen(d->d_name) == ID_DIGITS && strspn(d->d_name, "0123456789") == ID_DIGITS;
}

int state_runs(struct err *e, const struct settings *s, struct run_ids *ret)
{
	CLEANUP(mem_freep) char *runs = below(s, "runs");
	CLEANUP(mem_freep) struct dirent **entries = NULL;
	int count = scandir(runs, &entries, is_id, alphasort);

	*ret = (struct run_ids){ 0 };
	if (count < 0)
		return errno == ENOENT ? 0 : err_sys(e, "cannot read directory '%s'", runs);
	ret->items = mem_alloc(sizeof(*ret->items) * (size_t)(count + 1));
	for (int i = 0; i < count; i++) {
		ret->items[ret->count++] = mem_dup(entries[i]->d_name);
		free(entries[i]);
	}
	return 0;
}

void run_ids_release(struct run_ids *l)
{
	for (int i = 0; i < l->count; i++)
		free(l->items[i]);
	free(l->items);
	*l = (struct run_ids){ 0 };
}

int state_next_id(struct err *e, const struct settings *s, char **ret)
{
	CLEANUP(run_ids_release) struct run_ids l;
	long last;

	if (state_runs(e, s, &l) < 0)
		return -1;
	last = l.count ? strtol(l.items[l.count - 1], NULL, 10) : 0;
	*ret = mem_printf("%0*ld", ID_DIGITS, last + 1);
	return 0;
}

char *state_path(const struct settings *s, const char *id, const char *file)
{
	return mem_printf("%s/runs/%s%s%s", s->state_dir, id, *file ? "/" : "", file);
}

int state_read(struct err *e, const struct settings *s, const char *id, const char *file,
               struct json **ret)
{
	CLEANUP(mem_freep) char *path = state_path(s, id, file);
	CLEANUP(str_release) struct str text = { 0 };

	*ret = NULL;
	if (file_read(e, path, DOCUMENT_MAX, &text) < 0)
		return e->sys == ENOENT ? 0 : -1;
	return json_parse(e, ERR_BROKEN, path, text.s, text.len, ret);
}

int state_write(struct err *e, const struct settings *s, const char *id, const char *file,
                const struct json *v)
{
	CLEANUP(mem_freep) char *path = state_path(s, id, file);
	CLEANUP(mem_freep) char *text = json_print_pretty(v);
	CLEANUP(mem_freep) char *lines = mem_printf("%s\n", text);

	return file_replace(e, path, lines, strlen(lines), 0600);
}

int state_clear_temps(struct err *e, const struct settings *s, const char *id)
{
	static const char *const temps[] = { "about.json.new", "plan.json.new", "result.json.new" };
	CLEANUP(mem_freep) char *dir = state_path(s, id, "");
	bool removed = false;

	for (size_t i = 0; i < sizeof(temps) / sizeof(temps[0]); i++) {
		CLEANUP(mem_freep) char *path = state_path(s, id, temps[i]);

		if (!file_exists(path))
			continue;
		if (file_remove(e, path) < 0)
			return -1;
		removed = true;
	}
	return removed ? file_sync_dir(e, dir) : 0;
}

void state_mark_told(const struct settings *s, const char *id)
{
	CLEANUP(mem_freep) char *path = state_path(s, id, "told");
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	/* Not worth a failure, nor an fsync: at worst the result is told once more. */
	if (fd >= 0)
		close(fd);
}

bool state_was_told(const struct settings *s, const char *id)
{
	CLEANUP(mem_freep) char *path = state_path(s, id, "told");

	return file_exists(path);
}

static int is_committed(struct err *e, const struct settings *s, const char *id, bool *ret)
{
	CLEANUP(mem_freep) char *path = state_path(s, id, "journal");
	CLEANUP(journal_closep) struct journal *j = NULL;

	*ret = false;
	if (journal_open(e, path, &j) < 0)
		return e->sys == ENOENT ? 0 : -1;
	*ret = journal_has(j, RECORD_COMMIT);
	return 0;
}

/* Index in *l of the last run that was committed, -1 when there is none. */
static int last_committed(struct err *e, const struct settings *s, const struct run_ids *l,
                          int *ret)
{
	bool committed = false;

	for (*ret = l->count - 1; *ret >= 0; (*ret)--) {
		if (is_committed(e, s, l->items[*ret], &committed) < 0)
			return -1;
		if (committed)
			return 0;
	}
	return 0;
}

int state_last_committed(struct err *e, const struct settings *s, struct json **ret)
{
	CLEANUP(run_ids_release) struct run_ids l = { 0 };
	int last;

	*ret = NULL;
	if (state_runs(e, s, &l) < 0 || last_committed(e, s, &l, &last) < 0)
		return -1;
	return last < 0 ? 0 : state_read(e, s, l.items[last], "plan.json", ret);
}

int state_prune(struct err *e, const struct settings *s)
{
	CLEANUP(run_ids_release) struct run_ids l = { 0 };
	int last;

	if (state_runs(e, s, &l) < 0 || last_committed(e, s, &l, &last) < 0)
		return -1;
	for (int i = 0; i < l.count - STATE_RUNS_KEPT; i++) {
		CLEANUP(mem_freep) char *dir = state_path(s, l.items[i], "");

		if (i != last && file_remove_tree(e, dir) < 0)
			return -1;
	}
	return 0;
}
