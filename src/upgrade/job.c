/* SPDX-License-Identifier: MIT */
#include "upgrade/job.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "os/file.h"
#include "os/lock.h"
#include "upgrade/highest.h"
#include "upgrade/node.h"
#include "upgrade/state.h"

/* ---- what the steps tell ---- */

static const char *said_after(const char *kind)
{
	static const struct {
		const char *kind, *text;
	} texts[] = {
		{ "keep", "the old files are kept for a rollback" },
		{ "mkdir", "missing directories created" },
		{ "stage", "the new files are beside the old ones, synced and read back" },
		{ "probe", "the new program runs on this node and says its version" },
		{ "guard", "should the power go, the next boot puts the old files back" },
		{ "swap", "the files have changed places" },
		{ "restart", "the old processes have ended" },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strcmp(texts[i].kind, kind) == 0)
			return texts[i].text;
	return NULL;
}

static void tell_step(enum txn_phase phase, const char *kind, int64_t ms, void *ctx)
{
	struct run *r = ctx;
	const char *text = kind && phase == TXN_APPLIED ? said_after(kind) : NULL;
	struct json *data;

	if (phase == TXN_COMMIT)
		event_tell(r->events, EVENT_INFO, "commit", NULL,
		           "from here on the new version stays");
	if (phase == TXN_UNDO)
		event_tell(r->events, EVENT_INFO, "undo", NULL, "%s", kind);
	if (!text)
		return;
	data = json_object();
	json_set_int(data, "ms", ms);
	event_tell(r->events, EVENT_INFO, kind, data, "%s (%.2f s)", text, (double)ms / 1000);
}

static const char *why_stop(void *ctx)
{
	return run_interrupted(ctx);
}

struct txn job_txn(struct run *r)
{
	return (struct txn){
		.kinds = step_kinds, .ctx = r, .event = tell_step, .interrupted = why_stop
	};
}

/* ---- recovery ---- */

/* The run did not live to say which version it had committed. */
static int record_highest(struct err *e, const struct run *r, const char *id)
{
	CLEANUP(json_freep) struct json *plan = NULL;

	if (state_read(e, r->settings, id, "plan.json", &plan) < 0)
		return -1;
	return highest_record_plan(e, r->settings, plan);
}

/* The result that the run itself did not live to write. */
static void record_recovery(const struct run *r, const char *id, const struct journal *j,
                            enum txn_outcome outcome)
{
	static const struct {
		enum err_code code;
		const char *outcome, *message;
	} ends[] = {
		[TXN_COMMITTED] = { ERR_NONE, "upgraded", "the run was cut off after its commit" },
		[TXN_UNDONE] = { ERR_ROLLED_BACK, "rolled-back",
		                 "the run was cut off and is undone" },
		[TXN_UNTOUCHED] = { ERR_RETRY, "untouched",
		                    "the run was cut off before anything was touched" },
	};
	const struct json *begin = j && journal_count(j) ? journal_record(j, 0).args
	                                                 : NULL; /* none: cut off at once */
	const char *kind = json_str(begin, "kind"), *done = ends[outcome].outcome;
	CLEANUP(json_freep) struct json *result = json_object();
	struct err e;

	if (outcome == TXN_COMMITTED && kind && strcmp(kind, "rollback") == 0)
		done = "rolled-back";
	json_set_str(result, "id", id);
	json_set_str(result, "from", json_str(begin, "from"));
	json_set_str(result, "to", json_str(begin, "to"));
	json_set_str(result, "outcome", done);
	json_set_int(result, "status", err_table[ends[outcome].code].status);
	json_set_str(result, "name", err_table[ends[outcome].code].name);
	json_set_str(result, "message", ends[outcome].message);
	if (outcome == TXN_UNDONE)
		json_set_bool(result, "examined", !r->offline);
	if (outcome == TXN_COMMITTED && record_highest(&e, r, id) < 0)
		log_warn("%s", e.msg);
	if (state_write(&e, r->settings, id, "result.json", result) < 0)
		log_warn("%s", e.msg);
}

/* It ended, or never came to its journal, but was killed before it could say so: only that is made
 * good. j: NULL, there is none. */
static int conclude_ended(struct err *e, struct run *r, const char *id, struct journal *j)
{
	CLEANUP(json_freep) struct json *result = NULL;
	enum txn_outcome outcome = TXN_UNTOUCHED;
	struct txn t = job_txn(r);

	if (state_read(e, r->settings, id, "result.json", &result) < 0)
		return -1;
	if (!result && (!j || txn_recover(e, &t, j, &outcome) == 0))
		record_recovery(r, id, j, outcome);
	return 0;
}

static int recover_one(struct err *e, struct run *r, const char *id, struct json **ret)
{
	CLEANUP(mem_freep) char *path = state_path(r->settings, id, "journal");
	CLEANUP(journal_closep) struct journal *j = NULL;
	struct txn t = job_txn(r);
	enum txn_outcome outcome;
	const char *what;

	if (state_clear_temps(e, r->settings, id) < 0)
		return -1;
	if (journal_open(e, path, &j) < 0)
		return e->sys == ENOENT ? conclude_ended(e, r, id, NULL) : -1;
	if (journal_has(j, RECORD_END))
		return conclude_ended(e, r, id, j);
	what = journal_has(j, RECORD_COMMIT) ? "committed: it is finished"
	                                     : "not committed: it is undone";
	event_tell(r->events, EVENT_WARNING, "recover", NULL, "run %s was cut off, %s", id, what);
	if (txn_recover(e, &t, j, &outcome) < 0) {
		e->code = ERR_BROKEN;
		return err_wrap(e, "run %s cannot be recovered", id);
	}
	record_recovery(r, id, j, outcome);
	*ret = json_object();
	json_set_str(*ret, "run", id);
	json_set_str(*ret, "outcome", outcome == TXN_COMMITTED ? "finished" : "undone");
	return 0;
}

/* Only the last run can be unfinished: each begins with this. */
static int recover_last(struct err *e, struct run *r, struct json **ret)
{
	CLEANUP(run_ids_release) struct run_ids l = { 0 };

	*ret = NULL;
	if (state_runs(e, r->settings, &l) < 0)
		return -1;
	return l.count ? recover_one(e, r, l.items[l.count - 1], ret) : 0;
}

/* ---- a job ---- */

static int open_store(struct err *e, const struct settings *s, struct store **ret)
{
	CLEANUP(mem_freep) char *dir = mem_printf("%s/store", s->state_dir);

	return store_open(e, dir, ret);
}

static int take_image(struct err *e, struct job *j, const struct job_options *o)
{
	if (origin_parse(e, o->image, o->as, &j->image) < 0)
		return -1;
	json_set_str(j->result, "image", j->image.text);
	return 0;
}

/* From here on the job is a run: its directory tells what it is, what it says and how it ends. */
static int begin_record(struct err *e, struct job *j, const struct job_options *o)
{
	const struct settings *s = j->run.settings;
	CLEANUP(mem_freep) char *dir = state_path(s, j->id, "");
	CLEANUP(mem_freep) char *events = state_path(s, j->id, "events.jsonl");
	CLEANUP(json_freep) struct json *about = json_object();
	struct json *data = json_object();
	char now[CLOCK_UTC_MAX];

	clock_utc(now);
	json_set_str(about, "command", o->command);
	json_set_str(about, "image", json_str(j->result, "image"));
	json_set_str(about, "time", now);
	json_set_bool(about, "handed_over", o->handed_over);
	json_set_str(data, "id", j->id);
	if (file_mkdirs(e, dir, 0700) < 0 || state_write(e, s, j->id, "about.json", about) < 0 ||
	    events_attach(e, j->events, events) < 0) {
		json_free(data);
		return -1;
	}
	json_set_str(j->result, "id", j->id);
	event_tell(j->events, EVENT_RUN, "run", data, "this is run %s", j->id);
	return 0;
}

int job_open(struct err *e, const struct settings *s, struct events *v, const struct job_options *o,
             struct job *ret)
{
	struct run *r = &ret->run;

	*ret = (struct job){
		.run = { .settings = s,
		         .events = v,
		         .interrupted = o->interrupted,
		         .offline = o->at_boot },
		.events = v,
		.lock = -1,
		.started = clock_ms(),
		.result = json_object(),
	};
	if (o->image && take_image(e, ret, o) < 0)
		return -1;
	if (o->on_node && node_qualifies(e, s) < 0)
		return -1;
	if (state_prepare(e, s) < 0 || state_lock(e, s, o->command, &ret->lock) < 0 ||
	    open_store(e, s, &r->store) < 0 || store_clear_temps(e, r->store) < 0 ||
	    recover_last(e, r, &ret->recovered) < 0 || state_next_id(e, s, &ret->id) < 0)
		return -1;
	/* The way back of that run is over; this one begins anew. */
	r->undoing = false;
	r->down_at = r->healthy_at = 0;
	return o->recorded ? begin_record(e, ret, o) : 0;
}

void job_close(struct job *j)
{
	store_close(j->run.store);
	origin_release(&j->image);
	free(j->id);
	json_free(j->result);
	json_free(j->recovered);
	lock_release(&j->lock);
	*j = (struct job){ .lock = -1 };
}

void job_conclude(struct job *j, const struct err *e)
{
	enum err_code code = e ? e->code : ERR_NONE;
	const char *id;
	struct err mine;

	if (!j->result)
		j->result = json_object();
	id = json_str(j->result, "id");
	if (e && !json_get(j->result, "outcome"))
		json_set_str(j->result, "outcome",
		             code == ERR_ROLLED_BACK ? "rolled-back"
		             : code == ERR_BROKEN    ? "broken"
		                                     : "untouched");
	json_set_int(j->result, "status", err_table[code].status);
	json_set_str(j->result, "name", err_table[code].name);
	if (e)
		json_set_str(j->result, "message", e->msg);
	if (j->run.down_at && j->run.healthy_at)
		json_set_int(j->result, "downtime_ms", j->run.healthy_at - j->run.down_at);
	json_set_int(j->result, "total_ms", clock_ms() - j->started);
	if (!id)
		return;
	if (state_write(&mine, j->run.settings, id, "result.json", j->result) < 0 ||
	    state_prune(&mine, j->run.settings) < 0)
		log_warn("%s", mine.msg);
}

void job_tell_recovered(struct job *j)
{
	const char *outcome = json_str(j->recovered, "outcome");

	json_set_str(j->result, "run", json_str(j->recovered, "run"));
	json_set_str(j->result, "outcome", outcome ? outcome : "nothing-to-do");
}
