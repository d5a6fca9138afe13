/* SPDX-License-Identifier: MIT */
#include "upgrade/follow.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "os/file.h"
#include "upgrade/state.h"

#define LOOK_MS 100
/* Later on the same command is another try. */
#define UNTOLD_SECONDS 900

int follow_last(struct err *e, const struct settings *s, char **ret_id)
{
	CLEANUP(run_ids_release) struct run_ids l = { 0 };

	if (state_runs(e, s, &l) < 0)
		return -1;
	if (!l.count)
		return err_set(e, ERR_PRECHECK, "no run was made on this node");
	*ret_id = mem_dup(l.items[l.count - 1]);
	return 0;
}

int follow_same(struct err *e, const struct settings *s, const char *command, const char *image,
                char **ret_id, struct json **ret_result)
{
	CLEANUP(mem_freep) char *id = NULL;
	CLEANUP(json_freep) struct json *about = NULL;
	const char *their_command, *their_image;

	*ret_id = NULL;
	*ret_result = NULL;
	if (follow_last(e, s, &id) < 0 || state_read(e, s, id, "about.json", &about) < 0)
		return -1;
	their_command = json_str(about, "command");
	their_image = json_str(about, "image");
	if (!their_command || strcmp(their_command, command) != 0 || !image != !their_image ||
	    (image && strcmp(image, their_image) != 0))
		return 0;
	if (state_read(e, s, id, "result.json", ret_result) < 0)
		return -1;
	*ret_id = STEAL(id);
	return 0;
}

bool follow_is_untold(const struct settings *s, const char *id, const struct json *result)
{
	CLEANUP(mem_freep) char *path = state_path(s, id, "result.json");
	CLEANUP(json_freep) struct json *about = NULL;
	struct stat st;
	struct err e;

	return json_int(result, "status", 0) == err_table[ERR_ROLLED_BACK].status &&
	       state_read(&e, s, id, "about.json", &about) == 0 &&
	       json_bool(about, "handed_over", false) && !state_was_told(s, id) &&
	       stat(path, &st) == 0 && time(NULL) - st.st_mtime < UNTOLD_SECONDS;
}

/* ---- events.jsonl, as it grows ---- */

struct tail {
	const char *path;
	int fd;          /* -1: not there yet */
	struct str rest; /* a line that is not complete */
};

static void tail_release(struct tail *t)
{
	mem_closep(&t->fd);
	str_release(&t->rest);
}

/* Tells what was added since. */
static int tell_news(struct err *e, struct tail *t, struct events *v)
{
	struct json *none = NULL;
	char buf[4096];
	ssize_t n;

	if (t->fd < 0)
		t->fd = open(t->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (t->fd < 0)
		return errno == ENOENT ? 0 : err_sys(e, "cannot open '%s'", t->path);
	while ((n = read(t->fd, buf, sizeof(buf))) > 0)
		str_add(&t->rest, buf, (size_t)n);
	if (n < 0)
		return err_sys(e, "cannot read '%s'", t->path);
	event_retell(v, &t->rest, &none);
	json_free(none);
	return 0;
}

/* ---- a run ---- */

/* Why the run's end is not waited for any longer; NULL: go on. */
static const char *why_leave(const struct follow *f, int64_t since)
{
	const char *why = f->interrupted ? f->interrupted() : NULL;

	if (!why && f->timeout_ms >= 0 && clock_ms() - since >= f->timeout_ms)
		why = "the time to wait is over";
	return why;
}

static int cut_off(struct err *e, const struct settings *s, const char *id)
{
	CLEANUP(mem_freep) char *journal = state_path(s, id, "journal");

	if (!file_exists(journal))
		return err_set(e, ERR_RETRY, "run %s was cut off before anything was touched", id);
	return err_set(e, ERR_BROKEN, "run %s was cut off: 'nodelift recover' puts the node right",
	               id);
}

int follow_run(struct err *e, const struct follow *f, const char *id, struct json **ret)
{
	CLEANUP(mem_freep) char *path = state_path(f->settings, id, "events.jsonl");
	CLEANUP(tail_release) struct tail tail = { .path = path, .fd = -1 };
	int64_t since = clock_ms();
	const char *why;

	for (;;) {
		CLEANUP(mem_freep) char *owner = NULL;
		bool held = state_is_locked(f->settings, &owner);

		/* The result is the last that a run writes: what it told is complete by then. */
		if (state_read(e, f->settings, id, "result.json", ret) < 0 ||
		    tell_news(e, &tail, f->events) < 0)
			return -1;
		if (*ret)
			return 0;
		if (!held)
			return cut_off(e, f->settings, id);
		why = why_leave(f, since);
		if (why)
			return err_set(e, ERR_DETACHED,
			               "%s; run %s goes on: 'nodelift wait' waits for its end", why,
			               id);
		clock_sleep_ms(LOOK_MS);
	}
}

int follow_verdict(struct err *e, const struct json *result)
{
	int64_t status = json_int(result, "status", err_table[ERR_BUG].status);
	const char *message = json_str(result, "message");

	if (status == 0)
		return 0;
	for (int i = 0; i < ERR_CODES; i++)
		if (err_table[i].status == status)
			return err_set(e, (enum err_code)i, "%s", message ? message : "");
	return err_set(e, ERR_BUG, "the run ended with status %lld", (long long)status);
}
