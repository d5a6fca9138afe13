/* SPDX-License-Identifier: MIT */
#include "txn/txn.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

static const struct step_kind *find(const struct txn *t, const char *name)
{
	for (int i = 0; name && t->kinds[i]; i++)
		if (strcmp(t->kinds[i]->name, name) == 0)
			return t->kinds[i];
	return NULL;
}

static void tell(const struct txn *t, enum txn_phase phase, const char *kind, int64_t ms)
{
	if (t->event)
		t->event(phase, kind, ms, t->ctx);
}

static int check_all(struct err *e, const struct txn *t, const struct json *steps)
{
	for (const struct json *s = json_first(steps); s; s = json_next(s)) {
		const char *name = json_str(s, "kind");
		const struct step_kind *k = find(t, name);

		if (!k)
			return err_set(e, ERR_BUG, "no such kind of step: '%s'", name ? name : "");
		tell(t, TXN_CHECK, k->name, 0);
		if (k->check && k->check(e, json_get(s, "args"), t->ctx) < 0)
			return -1;
	}
	return 0;
}

static int apply_one(struct err *e, const struct txn *t, struct journal *j, const struct json *step,
                     int index)
{
	const struct step_kind *k = find(t, json_str(step, "kind"));
	const struct json *args = json_get(step, "args");
	const char *why = t->interrupted ? t->interrupted(t->ctx) : NULL;
	int64_t start = clock_ms();

	if (why)
		return err_set(e, ERR_RETRY, "%s", why);
	if (journal_append(e, j, RECORD_INTENT, index, k->name, args) < 0)
		return -1;
	tell(t, TXN_APPLY, k->name, 0);
	if (k->apply && k->apply(e, args, t->ctx) < 0)
		return -1;
	tell(t, TXN_APPLIED, k->name, clock_ms() - start);
	return journal_append(e, j, RECORD_DONE, index, k->name, NULL);
}

static int end(struct err *e, struct journal *j, const char *outcome)
{
	CLEANUP(json_freep) struct json *args = json_object();

	json_set_str(args, "outcome", outcome);
	return journal_append(e, j, RECORD_END, -1, NULL, args);
}

/*
 * Takes back every INTENT, the last one first. One that fails does not keep the others from being
 * taken back: the node should come as near to whole as it can. The first failure is what is told.
 */
static int undo_all(struct err *e, const struct txn *t, struct journal *j, bool *ret_disturbed)
{
	int count = journal_count(j), failed = 0;
	struct err mine;

	*ret_disturbed = false;
	for (int i = count - 1; i >= 0; i--) {
		struct record r = journal_record(j, i);
		const struct step_kind *k = find(t, r.kind);

		if (r.record != RECORD_INTENT)
			continue;
		if (!k) {
			if (!failed++)
				err_set(e, ERR_BROKEN, "no such kind of step: '%s'",
				        r.kind ? r.kind : "");
			continue;
		}
		*ret_disturbed = *ret_disturbed || k->disturbs;
		tell(t, TXN_UNDO, k->name, 0);
		if (k->undo && k->undo(&mine, r.args, t->ctx) < 0) {
			log_debug("undo of %s: %s", k->name, mine.msg);
			if (!failed++)
				*e = mine;
			continue;
		}
		/* The effect counts, not this record: recovery would only do it once more. */
		if (journal_append(&mine, j, RECORD_UNDONE, r.step, k->name, NULL) < 0)
			log_warn("%s", mine.msg);
	}
	return failed ? -1 : 0;
}

static int settle_all(struct err *e, const struct txn *t, struct journal *j)
{
	for (int i = 0, count = journal_count(j); i < count; i++) {
		struct record r = journal_record(j, i);
		const struct step_kind *k = find(t, r.kind);

		if (r.record != RECORD_INTENT || !k || !k->settle)
			continue;
		tell(t, TXN_SETTLE, k->name, 0);
		if (k->settle(e, r.args, t->ctx) < 0)
			return -1;
		if (journal_append(e, j, RECORD_SETTLED, r.step, k->name, NULL) < 0)
			return -1;
	}
	return end(e, j, "committed");
}

/* *e comes in with the reason and goes out with the verdict. */
static int give_up(struct err *e, const struct txn *t, struct journal *j)
{
	struct err undo, journal;
	bool disturbed;

	if (undo_all(&undo, t, j, &disturbed) < 0) {
		struct err reason = *e;

		return err_set(e, ERR_BROKEN, "%s; it could not be undone: %s", reason.msg,
		               undo.msg);
	}
	if (end(&journal, j, disturbed ? "undone" : "untouched") < 0)
		log_warn("%s", journal.msg);
	if (disturbed)
		e->code = ERR_ROLLED_BACK;
	return -1;
}

int txn_execute(struct err *e, const struct txn *t, struct journal *j, const struct json *steps)
{
	struct err later;
	int index = 0;

	if (check_all(e, t, steps) < 0)
		return give_up(e, t, j);
	for (const struct json *s = json_first(steps); s; s = json_next(s))
		if (apply_one(e, t, j, s, index++) < 0)
			return give_up(e, t, j);
	if (journal_append(e, j, RECORD_COMMIT, -1, NULL, NULL) < 0) {
		/* Nobody knows whether it is on the disk: recovery will, so nothing is undone now. */
		if (journal_is_lost(j)) {
			e->code = ERR_BROKEN;
			return err_wrap(e, "cannot record the commit");
		}
		return give_up(e, t, j);
	}
	tell(t, TXN_COMMIT, NULL, 0);
	/* What counts is done. What could not be tidied up now is left to the next txn_recover(). */
	if (settle_all(&later, t, j) < 0)
		log_warn("%s", later.msg);
	return 0;
}

static bool ended_untouched(const struct journal *j)
{
	const char *outcome = json_str(journal_record(j, journal_count(j) - 1).args, "outcome");

	return outcome && strcmp(outcome, "untouched") == 0;
}

int txn_recover(struct err *e, const struct txn *t, struct journal *j, enum txn_outcome *ret)
{
	bool disturbed;

	*ret = TXN_COMMITTED;
	if (journal_has(j, RECORD_COMMIT)) {
		/* The node is what it should be: what is left to tidy up is no reason to call it broken. */
		if (!journal_has(j, RECORD_END) &&
		    (journal_sync(e, j) < 0 || settle_all(e, t, j) < 0))
			log_warn("%s", e->msg);
		return 0;
	}
	*ret = TXN_UNDONE;
	if (journal_has(j, RECORD_END)) {
		if (ended_untouched(j))
			*ret = TXN_UNTOUCHED;
		return 0;
	}
	/* No record may follow one that can still be lost. But the node comes first: undo goes by what
	 * it finds, whatever becomes of the journal. */
	if (journal_sync(e, j) < 0)
		log_warn("%s", e->msg);
	if (undo_all(e, t, j, &disturbed) < 0)
		return -1;
	if (!disturbed)
		*ret = TXN_UNTOUCHED;
	if (end(e, j, disturbed ? "undone" : "untouched") < 0)
		log_warn("%s", e->msg);
	return 0;
}
