// SPDX-License-Identifier: MIT
/* The journal file, cut at every byte and with every bit flipped. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/mem.h"
#include "os/file.h"
#include "tap.h"
#include "txn/journal.h"

static char dir[] = "/tmp/nodelift-journal-XXXXXX";
static char path[64];

static void write_file(const char *text, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, text, len) != (ssize_t)len)
		abort();
	close(fd);
}

static void make(struct str *ret)
{
	CLEANUP(journal_closep) struct journal *j = NULL;
	CLEANUP(json_freep) struct json *args = json_object();
	struct err e;

	json_set_str(args, "path", "/usr/sbin/dockerd");
	ok(journal_create(&e, path, &j) == 0, "created");
	ok(journal_append(&e, j, RECORD_BEGIN, -1, NULL, args) == 0, "begin");
	ok(journal_append(&e, j, RECORD_INTENT, 0, "stage", args) == 0, "intent");
	ok(journal_append(&e, j, RECORD_DONE, 0, "stage", NULL) == 0, "done");
	ok(journal_append(&e, j, RECORD_COMMIT, -1, NULL, NULL) == 0, "commit");
	is_int(journal_count(j), 4, "four records");
	if (file_read(&e, path, 1 << 20, ret) < 0)
		abort();
}

static void reads_back(void)
{
	CLEANUP(journal_closep) struct journal *j = NULL;
	struct record r;
	struct err e;

	ok(journal_open(&e, path, &j) == 0, "opened");
	is_int(journal_count(j), 4, "four records are read");
	r = journal_record(j, 1);
	ok(r.record == RECORD_INTENT && r.step == 0, "the second is the intent of step 0");
	is_str(r.kind, "stage", "of its kind");
	is_str(json_str(r.args, "path"), "/usr/sbin/dockerd", "with its arguments");
	ok(journal_has(j, RECORD_COMMIT) && !journal_has(j, RECORD_END), "committed, not ended");
	ok(!journal_was_torn(j), "whole");
}

/* A write that was cut: whatever is left, the records before it are all there is. */
static void cut(const struct str *text)
{
	int wrong = 0, refused = 0;

	for (size_t len = 0; len <= text->len; len++) {
		CLEANUP(journal_closep) struct journal *j = NULL;
		struct err e;
		int whole = 0;

		write_file(text->s, len);
		for (size_t i = 0; i < len; i++)
			whole += text->s[i] == '\n';
		if (journal_open(&e, path, &j) < 0) {
			refused++;
			continue;
		}
		wrong += journal_count(j) != whole;
		/* Going on behind a torn record must give a journal that reads well. */
		wrong += journal_append(&e, j, RECORD_END, -1, NULL, NULL) < 0;
		journal_close(STEAL(j));
		wrong += journal_open(&e, path, &j) < 0 || journal_count(j) != whole + 1 ||
		         journal_was_torn(j);
	}
	is_int(refused, 0, "cut at each of %zu bytes: none refused", text->len);
	is_int(wrong, 0, "and none read wrongly, before and after going on");
}

static void flip(const struct str *text)
{
	CLEANUP(mem_freep) char *copy = mem_alloc(text->len);
	int accepted = 0, ignored = 0, refused = 0, wrong_code = 0;
	size_t last = text->len - 1;

	while (text->s[last - 1] != '\n')
		last--;
	for (size_t bit = 0; bit < text->len * 8; bit++) {
		CLEANUP(journal_closep) struct journal *j = NULL;
		struct err e;

		memcpy(copy, text->s, text->len);
		copy[bit / 8] = (char)(copy[bit / 8] ^ (1 << bit % 8));
		write_file(copy, text->len);
		if (journal_open(&e, path, &j) < 0) {
			refused++;
			wrong_code += e.code != ERR_BROKEN;
		} else if (bit / 8 >= last && journal_count(j) == 3) {
			ignored++; /* damage in the last line is a torn write */
		} else {
			accepted++;
		}
	}
	is_int(accepted, 0,
	       "%zu single bits flipped: %d refused, %d ignored as torn, none accepted",
	       text->len * 8, refused, ignored);
	is_int(wrong_code, 0, "every refusal is 'broken'");
}

/* The disk is full after every possible number of bytes: what was written before still counts, and
 * once there is room again the journal goes on. */
static void full_disk(const struct str *text)
{
	struct rlimit before, full;
	int wrong = 0;

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	for (size_t room = 0; room < 200; room++) {
		CLEANUP(journal_closep) struct journal *j = NULL;
		struct err e;

		write_file(text->s, text->len);
		if (journal_open(&e, path, &j) < 0)
			abort();
		full = (struct rlimit){ text->len + room, before.rlim_max };
		setrlimit(RLIMIT_FSIZE, &full);
		while (journal_append(&e, j, RECORD_SETTLED, 0, "stage", NULL) == 0)
			;
		setrlimit(RLIMIT_FSIZE, &before);
		wrong += journal_is_lost(j);
		wrong += journal_append(&e, j, RECORD_END, -1, NULL, NULL) < 0;
		journal_close(STEAL(j));
		wrong += journal_open(&e, path, &j) < 0 || journal_was_torn(j) ||
		         !journal_has(j, RECORD_END);
	}
	is_int(wrong, 0, "a disk that is full after 0 to 199 more bytes: none damaged");
}

int main(void)
{
	struct str text = { 0 };
	struct err e;

	if (!mkdtemp(dir))
		return 1;
	snprintf(path, sizeof(path), "%s/journal", dir);
	make(&text);
	reads_back();
	cut(&text);
	flip(&text);
	full_disk(&text);
	str_release(&text);
	ok(file_remove_tree(&e, dir) == 0, "removed");
	return done_testing();
}
