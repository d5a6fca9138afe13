/* SPDX-License-Identifier: MIT */
#include "txn/journal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "crypt/digest.h"
#include "os/file.h"

#define SUM_LEN 16
#define JOURNAL_MAX (16 * 1024 * 1024) /* bytes; a run writes a few ten thousand */

static const char *const names[] = {
	[RECORD_BEGIN] = "begin",   [RECORD_INTENT] = "intent", [RECORD_DONE] = "done",
	[RECORD_UNDONE] = "undone", [RECORD_COMMIT] = "commit", [RECORD_SETTLED] = "settled",
	[RECORD_END] = "end",
};

struct journal {
	char *path;
	int fd;                     /* -1: not open for writing yet */
	struct str text;            /* all good records: the next one belongs behind them */
	char last_sum[SUM_LEN + 1]; /* of the last good record */
	struct json **records;
	int count;
	bool torn;
	bool unsure; /* a sync failed: nobody can say what of the file is on the disk */
	bool lost;   /* and it could not be replaced: nothing may follow */
};

static void sum_of(const char *before, const char *text, size_t len, char ret[SUM_LEN + 1])
{
	char hex[DIGEST_TEXT_MAX];
	struct digest d;
	struct hash h;

	hash_init(&h, DIGEST_SHA256);
	hash_update(&h, before, strlen(before));
	hash_update(&h, text, len);
	hash_final(&h, &d);
	digest_hex(&d, hex);
	memcpy(ret, hex, SUM_LEN);
	ret[SUM_LEN] = '\0';
}

static struct journal *journal_new(const char *path)
{
	struct journal *j = mem_alloc(sizeof(*j));

	j->path = mem_dup(path);
	j->fd = -1;
	return j;
}

void journal_close(struct journal *j)
{
	if (!j)
		return;
	for (int i = 0; i < j->count; i++)
		json_free(j->records[i]);
	free(j->records);
	mem_closep(&j->fd);
	str_release(&j->text);
	free(j->path);
	free(j);
}

void journal_closep(struct journal **j)
{
	journal_close(*j);
}

static void remember(struct journal *j, struct json *record)
{
	j->records = mem_grow(j->records, (size_t)j->count + 1, sizeof(*j->records));
	j->records[j->count++] = record;
}

int journal_create(struct err *e, const char *path, struct journal **ret)
{
	CLEANUP(journal_closep) struct journal *j = journal_new(path);

	if (file_create(e, path, 0600, &j->fd) < 0 || file_sync_parent(e, path) < 0)
		return -1;
	*ret = STEAL(j);
	return 0;
}

static int record_named(const char *name)
{
	for (int i = 0; name && i < (int)(sizeof(names) / sizeof(names[0])); i++)
		if (strcmp(names[i], name) == 0)
			return i;
	return -1;
}

static bool sum_is_good(const struct journal *j, const char *line, size_t len)
{
	char sum[SUM_LEN + 1];

	if (len <= SUM_LEN + 1 || line[SUM_LEN] != ' ')
		return false;
	sum_of(j->last_sum, line + SUM_LEN + 1, len - SUM_LEN - 1, sum);
	return memcmp(line, sum, SUM_LEN) == 0;
}

/* A whole record that runs into what follows: its newline is damaged, so this is no torn write. */
static bool begins_with_record(const struct journal *j, const char *line, size_t len)
{
	for (size_t i = SUM_LEN + 2; i + 1 < len; i++)
		if (line[i - 1] == '}' && sum_is_good(j, line, i))
			return true;
	return false;
}

/* One line without its newline. False when it is not a good record; then nothing has changed. */
static bool take_line(struct journal *j, const char *line, size_t len)
{
	struct json *record;
	struct err e;

	if (!sum_is_good(j, line, len))
		return false;
	if (json_parse(&e, ERR_BROKEN, j->path, line + SUM_LEN + 1, len - SUM_LEN - 1, &record) < 0)
		return false;
	if (json_int(record, "seq", -1) != j->count ||
	    record_named(json_str(record, "record")) < 0) {
		json_free(record);
		return false;
	}
	memcpy(j->last_sum, line, SUM_LEN);
	remember(j, record);
	return true;
}

static int read_records(struct err *e, struct journal *j)
{
	const struct str *text = &j->text;
	size_t at = 0;

	while (at < text->len) {
		const char *line = text->s + at;
		const char *end = memchr(line, '\n', text->len - at);
		size_t len = end ? (size_t)(end - line) : text->len - at;

		if (!end || !take_line(j, line, len)) {
			/* Not the last line, or more than one: this is no torn write but damage. */
			if ((end && end + 1 < text->s + text->len) ||
			    begins_with_record(j, line, len))
				return err_set(e, ERR_BROKEN,
				               "journal '%s' is damaged at record %d", j->path,
				               j->count);
			j->torn = true;
			break;
		}
		at += len + 1;
	}
	j->text.len = at;
	return 0;
}

int journal_open(struct err *e, const char *path, struct journal **ret)
{
	CLEANUP(journal_closep) struct journal *j = journal_new(path);

	if (file_read(e, path, JOURNAL_MAX, &j->text) < 0 || read_records(e, j) < 0)
		return -1;
	*ret = STEAL(j);
	return 0;
}

static int sync_file(struct err *e, struct journal *j, int fd)
{
	j->unsure = file_sync(e, fd, j->path) < 0;
	return j->unsure ? -1 : 0;
}

/* Only now may a torn record be cut off: who merely reads may meet a record that is being written. */
static int open_for_writing(struct err *e, struct journal *j)
{
	CLEANUP(mem_closep) int fd = -1;

	if (j->fd >= 0)
		return 0;
	fd = open(j->path, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "cannot open '%s'", j->path);
	if (j->torn && ftruncate(fd, (off_t)j->text.len) < 0)
		return err_sys(e, "cannot cut the torn record off '%s'", j->path);
	if (j->torn && sync_file(e, j, fd) < 0)
		return -1;
	j->torn = false;
	j->fd = mem_steal_fd(&fd);
	return 0;
}

/* A failed sync is not tried again: the kernel drops what it could not write, and the second one
 * would say that all is well. The good records go into a file of their own instead. */
static void begin_anew(struct journal *j)
{
	struct err ignored;

	mem_closep(&j->fd);
	j->fd = -1;
	j->lost = file_replace(&ignored, j->path, j->text.s, j->text.len, 0600) < 0;
	j->torn = j->unsure = false;
}

/* A record that was not written as a whole must not stay: the next one would follow it. */
static void cut_off(struct journal *j)
{
	off_t good = (off_t)j->text.len;
	struct err ignored;

	if (j->fd < 0 && !j->unsure)
		return;
	if (j->unsure || ftruncate(j->fd, good) < 0 || lseek(j->fd, good, SEEK_SET) < 0 ||
	    sync_file(&ignored, j, j->fd) < 0)
		begin_anew(j);
}

int journal_append(struct err *e, struct journal *j, enum record_kind record, int step,
                   const char *kind, const struct json *args)
{
	CLEANUP(json_freep) struct json *line = json_object();
	CLEANUP(mem_freep) char *text = NULL;
	CLEANUP(mem_freep) char *bytes = NULL;
	char sum[SUM_LEN + 1];

	json_set_int(line, "seq", j->count);
	json_set_str(line, "record", names[record]);
	if (step >= 0)
		json_set_int(line, "step", step);
	json_set_str(line, "kind", kind);
	if (args)
		json_set(line, "args", json_copy(args));
	text = json_print(line);
	sum_of(j->last_sum, text, strlen(text), sum);
	bytes = mem_printf("%s %s\n", sum, text);
	if (j->lost)
		return err_set(e, ERR_BROKEN, "journal '%s' cannot be written any more", j->path);
	if (open_for_writing(e, j) < 0 ||
	    file_write_all(e, j->fd, j->path, bytes, strlen(bytes)) < 0 ||
	    sync_file(e, j, j->fd) < 0) {
		cut_off(j);
		return -1;
	}
	str_add(&j->text, bytes, strlen(bytes));
	memcpy(j->last_sum, sum, sizeof(sum));
	remember(j, STEAL(line));
	return 0;
}

int journal_sync(struct err *e, struct journal *j)
{
	if (open_for_writing(e, j) == 0 && sync_file(e, j, j->fd) == 0)
		return 0;
	if (!j->unsure)
		return -1;
	begin_anew(j);
	return j->lost ? -1 : 0;
}

int journal_count(const struct journal *j)
{
	return j->count;
}

struct record journal_record(const struct journal *j, int index)
{
	const struct json *r = j->records[index];

	return (struct record){
		.record = (enum record_kind)record_named(json_str(r, "record")),
		.step = (int)json_int(r, "step", -1),
		.kind = json_str(r, "kind"),
		.args = json_get(r, "args"),
	};
}

bool journal_has(const struct journal *j, enum record_kind record)
{
	for (int i = 0; i < j->count; i++)
		if (journal_record(j, i).record == record)
			return true;
	return false;
}

bool journal_was_torn(const struct journal *j)
{
	return j->torn;
}

bool journal_is_lost(const struct journal *j)
{
	return j->lost;
}
