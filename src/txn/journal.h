/* SPDX-License-Identifier: MIT */
/*
 * journal: what a run is about to do and has done, on disk before it matters.
 *
 * A text file, one record a line:
 *
 *	SUM {"seq":3,"record":"intent","step":1,"kind":"stage","args":{...}}
 *
 * SUM is the first 16 hex digits of the SHA-256 over the SUM of the line before (nothing for the
 * first) and the JSON text, so that a record cannot be lost, changed or moved unnoticed.
 *
 * Invariants:
 *  1. A record is on the disk (fsync) before journal_append() returns.
 *  2. The INTENT of a step is on the disk before the step's first effect.
 *  3. Records are only ever appended. `seq` counts from 0 without a gap. Where a sync failed, a new
 *     file with the records before it takes the journal's place.
 *  4. Only the last line can be incomplete: it is ignored and cut off before the next append.
 *     Damage before it is ERR_BROKEN; nothing is guessed.
 *  5. COMMIT is written at most once, after the last step is DONE. With it a run goes forward
 *     (settle), without it back (undo).
 *  6. END is the last record. A journal without it belongs to a run that was cut off, or goes on.
 *
 * The states of a journal: what the last record says, and whose record leads to the next. All but
 * begin_run() (upgrade/upgrade.c) are functions of txn/txn.c. A process that is killed leaves the
 * state as it is; txn_recover() goes on from there, by the same functions, and may be killed too.
 *
 *	no file
 *	   | BEGIN: begin_run()
 *	   v
 *	begun <--------------.
 *	   | INTENT:         | DONE: apply_one(), when apply has succeeded
 *	   | apply_one()     |
 *	   v                 |
 *	applying ------------'
 *	   |
 *	   | begun, every step DONE, COMMIT: txn_execute()
 *	   |--------------------------------------------> committed --.
 *	   |                                                  |       | SETTLED of each step:
 *	   | begun or applying, and a step failed, was        |   <---' settle_all()
 *	   | interrupted (give_up()) or the process ended     |
 *	   | (txn_recover())                                  | END "committed": settle_all()
 *	   v                                                  v
 *	undoing --.                                         ended
 *	   |      | UNDONE of each INTENT, the last one       ^
 *	   |  <---' first: undo_all()                         |
 *	   | END "undone" or "untouched": end(), called by    |
 *	   | give_up() or txn_recover()                       |
 *	   '--------------------------------------------------'
 */
#ifndef TXN_JOURNAL_H
#define TXN_JOURNAL_H

#include <stdbool.h>

#include "codec/json.h"

enum record_kind {
	RECORD_BEGIN,   /* args: what the run is for */
	RECORD_INTENT,  /* a step is about to be applied; args: the step's */
	RECORD_DONE,    /* it is applied */
	RECORD_UNDONE,  /* it is undone */
	RECORD_COMMIT,  /* the point of no return */
	RECORD_SETTLED, /* a committed step is cleaned up after */
	RECORD_END,     /* args: the outcome */
};

struct record {
	enum record_kind record;
	int step;         /* index in the plan; -1 where it has no meaning */
	const char *kind; /* of the step, or NULL */
	const struct json *args;
};

struct journal;

/* A new one at `path`, which must not exist. Its directory is synced. */
int journal_create(struct err *e, const char *path, struct journal **ret) MUST_USE;
/* An existing one, with all its records. The file is not changed before a journal_append(). */
int journal_open(struct err *e, const char *path, struct journal **ret) MUST_USE;
void journal_close(struct journal *j);
void journal_closep(struct journal **j); /* for CLEANUP */

/* `kind` and `args` are the step's; NULL where there are none. */
int journal_append(struct err *e, struct journal *j, enum record_kind record, int step,
                   const char *kind, const struct json *args) MUST_USE;

/* The records that were read are on the disk, too, when this returns: who wrote them may not have
 * lived to sync them. */
int journal_sync(struct err *e, struct journal *j) MUST_USE;

/* The records, those of journal_open() and those appended since. Valid until journal_close(). */
int journal_count(const struct journal *j);
struct record journal_record(const struct journal *j, int index);
bool journal_has(const struct journal *j, enum record_kind record);
bool journal_was_torn(const struct journal *j); /* an incomplete last line was ignored */
/* An append failed and what it left could neither be cut off nor replaced by a file without it:
 * nobody can say whether that record is on the disk. Every further append fails. */
bool journal_is_lost(const struct journal *j);

#endif
