/* SPDX-License-Identifier: MIT */
/*
 * txn: carries out a plan so that it either counts as a whole or not at all.
 * The states that it goes through, and the function of each transition: txn/journal.h.
 *
 * A plan is an array of steps {"kind": NAME, "args": {...}}. What a kind does is in a table:
 *
 *	check   may this step work? No side effect. All checks run before the first apply.
 *	apply   brings the effect about. Idempotent: it may find a part of it done.
 *	undo    takes it back. Tolerates that it was never, or half, applied.
 *	settle  after COMMIT: removes what only undo would have needed. Idempotent.
 *
 * undo decides by what it finds on the node, never by which records there are.
 */
#ifndef TXN_TXN_H
#define TXN_TXN_H

#include <stdbool.h>
#include <stdint.h>

#include "codec/json.h"
#include "txn/journal.h"

struct step_kind {
	const char *name;
	bool disturbs; /* from its INTENT on the node's software is not what it was */
	int (*check)(struct err *e, const struct json *args, void *ctx);
	int (*apply)(struct err *e, const struct json *args, void *ctx);
	int (*undo)(struct err *e, const struct json *args, void *ctx);
	int (*settle)(struct err *e, const struct json *args, void *ctx);
};

enum txn_phase { TXN_CHECK, TXN_APPLY, TXN_APPLIED, TXN_UNDO, TXN_COMMIT, TXN_SETTLE };

struct txn {
	const struct step_kind *const *kinds; /* NULL-terminated */
	void *ctx;                            /* handed to the functions of the kinds */
	/* Before and after each step; for people. May be NULL. */
	void (*event)(enum txn_phase phase, const char *kind, int64_t ms, void *ctx);
	/* Asked between steps; its text is the reason to stop and undo. May be NULL. */
	const char *(*interrupted)(void *ctx);
};

enum txn_outcome {
	TXN_COMMITTED,
	TXN_UNDONE,
	TXN_UNTOUCHED, /* undone before anything that disturbs was begun */
};

/*
 * Runs the steps. Returns 0 when they are committed and settled. On failure everything is undone:
 * the error then has
 *	its own code        nothing that disturbs was begun: the node was not touched
 *	ERR_ROLLED_BACK     it was, and every undo succeeded
 *	ERR_BROKEN          an undo failed; the journal stays open for txn_recover()
 */
int txn_execute(struct err *e, const struct txn *t, struct journal *j,
                const struct json *steps) MUST_USE;

/*
 * Finishes what was cut off: forward with COMMIT, otherwise back. Writes END. A journal that has
 * END already is left alone. *ret says which way it went, also then.
 */
int txn_recover(struct err *e, const struct txn *t, struct journal *j,
                enum txn_outcome *ret) MUST_USE;

#endif
