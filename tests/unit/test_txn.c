// SPDX-License-Identifier: MIT
/* The order in which steps are applied, undone and settled; failures at every place. */
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "os/file.h"
#include "tap.h"
#include "txn/txn.h"

static char dir[] = "/tmp/nodelift-txn-XXXXXX";
static char path[64];

/* Three steps a, b, c; b disturbs. `said` collects what was called, `fail` makes one call fail. */
struct script {
	struct str said;
	const char *fail;
	const char *stop_after; /* interrupted once this was said */
};

static int say(struct err *e, struct script *s, const char *what, const char *name)
{
	char text[8];

	snprintf(text, sizeof(text), "%s%s", what, name);
	str_addf(&s->said, "%s%s", s->said.len ? " " : "", text);
	if (s->fail && strcmp(s->fail, text) == 0)
		return err_set(e, ERR_PRECHECK, "%s failed", text);
	return 0;
}

#define STEP(x, disturbing) \
	static int check_##x(struct err *e, const struct json *args, void *ctx) \
	{ \
		(void)args; \
		return say(e, ctx, "?", #x); \
	} \
	static int apply_##x(struct err *e, const struct json *args, void *ctx) \
	{ \
		(void)args; \
		return say(e, ctx, "+", #x); \
	} \
	static int undo_##x(struct err *e, const struct json *args, void *ctx) \
	{ \
		(void)args; \
		return say(e, ctx, "-", #x); \
	} \
	static int settle_##x(struct err *e, const struct json *args, void *ctx) \
	{ \
		(void)args; \
		return say(e, ctx, "!", #x); \
	} \
	static const struct step_kind step_##x = { #x,        disturbing, check_##x, \
		                                   apply_##x, undo_##x,   settle_##x }

STEP(a, false);
STEP(b, true);
STEP(c, false);

static const struct step_kind *const kinds[] = { &step_a, &step_b, &step_c, NULL };

static const char *interrupted(void *ctx)
{
	struct script *s = ctx;

	return s->stop_after && s->said.s && strstr(s->said.s, s->stop_after) ? "interrupted"
	                                                                      : NULL;
}

static struct json *three_steps(void)
{
	static const char text[] =
		"[{\"kind\":\"a\",\"args\":{}},{\"kind\":\"b\",\"args\":{}},{\"kind\":\"c\"}]";
	struct json *v = NULL;
	struct err e;

	if (json_parse(&e, ERR_BUG, "steps", text, strlen(text), &v) < 0)
		abort();
	return v;
}

static void run(struct script *s, enum err_code code, const char *said, bool ends, const char *name)
{
	CLEANUP(json_freep) struct json *steps = three_steps();
	CLEANUP(journal_closep) struct journal *j = NULL;
	struct txn t = { .kinds = kinds, .ctx = s, .interrupted = interrupted };
	struct err e = { 0 };

	unlink(path);
	if (journal_create(&e, path, &j) < 0)
		abort();
	is_int(txn_execute(&e, &t, j, steps), code ? -1 : 0, "%s: %s", name,
	       code ? "fails" : "succeeds");
	is_int(code ? e.code : 0, code, "%s: with code %s", name, err_table[code].name);
	is_str(s->said.s, said, "%s: in this order", name);
	ok(journal_has(j, RECORD_END) == ends, "%s: the journal %s", name,
	   ends ? "has an end" : "stays open");
	str_release(&s->said);
}

static void executes(void)
{
	run(&(struct script){ 0 }, ERR_NONE, "?a ?b ?c +a +b +c !a !b !c", true, "all well");
	run(&(struct script){ .fail = "?c" }, ERR_PRECHECK, "?a ?b ?c", true, "a check fails");
	run(&(struct script){ .fail = "+a" }, ERR_PRECHECK, "?a ?b ?c +a -a", true,
	    "the first step fails");
	run(&(struct script){ .fail = "+b" }, ERR_ROLLED_BACK, "?a ?b ?c +a +b -b -a", true,
	    "the disturbing step fails");
	run(&(struct script){ .fail = "+c" }, ERR_ROLLED_BACK, "?a ?b ?c +a +b +c -c -b -a", true,
	    "the last step fails");
	run(&(struct script){ .stop_after = "+a" }, ERR_RETRY, "?a ?b ?c +a -a", true,
	    "interrupted before it disturbs");
	run(&(struct script){ .stop_after = "+b" }, ERR_ROLLED_BACK, "?a ?b ?c +a +b -b -a", true,
	    "interrupted after it disturbed");
	run(&(struct script){ .fail = "!b" }, ERR_NONE, "?a ?b ?c +a +b +c !a !b", false,
	    "settling fails: the upgrade counts, the journal stays open");
}

static int undo_fails(struct err *e, const struct json *args, void *ctx)
{
	(void)args;
	(void)ctx;
	return err_set(e, ERR_PRECHECK, "cannot");
}

static void undo_that_fails(void)
{
	static const struct step_kind bad = { "b", true, NULL, NULL, undo_fails, NULL };
	static const struct step_kind *const with_bad[] = { &step_a, &bad, &step_c, NULL };
	CLEANUP(json_freep) struct json *steps = three_steps();
	CLEANUP(journal_closep) struct journal *j = NULL;
	struct script s = { .fail = "+c" };
	struct txn t = { .kinds = with_bad, .ctx = &s };
	struct err e = { 0 };

	unlink(path);
	if (journal_create(&e, path, &j) < 0)
		abort();
	ok(txn_execute(&e, &t, j, steps) < 0 && e.code == ERR_BROKEN, "an undo that fails: broken");
	is_str(s.said.s, "?a ?c +a +c -c -a", "the other steps are undone all the same");
	ok(!journal_has(j, RECORD_END), "the journal stays open");
	str_release(&s.said);
}

/* The process is gone after each record: the prefix of a journal decides where recovery goes. */
static void recovers(void)
{
	CLEANUP(json_freep) struct json *steps = three_steps();
	CLEANUP(str_release) struct str whole = { 0 };
	struct script s = { 0 };
	struct txn t = { .kinds = kinds, .ctx = &s };
	struct journal *j;
	struct err e;
	int records = 0, wrong = 0;

	unlink(path);
	if (journal_create(&e, path, &j) < 0 || txn_execute(&e, &t, j, steps) < 0)
		abort();
	journal_close(j);
	str_release(&s.said);
	if (file_read(&e, path, 1 << 20, &whole) < 0)
		abort();
	for (size_t len = 0; len <= whole.len; len++) {
		static const char *const expected[] = {
			NULL,       "-a",       "-a",       "-b -a",    "-b -a",    "-c -b -a",
			"-c -b -a", "!a !b !c", "!a !b !c", "!a !b !c", "!a !b !c", NULL,
		};
		enum txn_outcome outcome;
		FILE *f;

		if (len && whole.s[len - 1] != '\n')
			continue;
		f = fopen(path, "w");
		if (!f || fwrite(whole.s, 1, len, f) != len || fclose(f) ||
		    journal_open(&e, path, &j) < 0)
			abort();
		ok(txn_recover(&e, &t, j, &outcome) == 0, "recovered after %d records", records);
		is_str(s.said.s, expected[records], "in this order");
		wrong += outcome != (records >= 7   ? TXN_COMMITTED
		                     : records >= 3 ? TXN_UNDONE
		                                    : TXN_UNTOUCHED);
		wrong += !journal_has(j, RECORD_END);
		str_release(&s.said);
		ok(txn_recover(&e, &t, j, &outcome) == 0 && !s.said.s, "once more: nothing to do");
		journal_close(j);
		records++;
	}
	is_int(records, 12, "a whole run has 11 records");
	is_int(wrong, 0, "forward with COMMIT, back without, always to an end");
}

int main(void)
{
	struct err e;

	if (!mkdtemp(dir))
		return 1;
	snprintf(path, sizeof(path), "%s/journal", dir);
	executes();
	undo_that_fails();
	recovers();
	ok(file_remove_tree(&e, dir) == 0, "removed");
	return done_testing();
}
