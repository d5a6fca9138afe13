/* SPDX-License-Identifier: MIT */
#include "upgrade/upgrade.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "os/file.h"
#include "os/lock.h"
#include "upgrade/content.h"
#include "upgrade/plan.h"
#include "upgrade/prepare.h"
#include "upgrade/state.h"

/* The last two: an upgrade that was rolled back is often tried again, and needs no download then. */
#define CONTENT_OF_RUNS 2

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

static struct txn txn_of(struct run *r)
{
	return (struct txn){
		.kinds = step_kinds, .ctx = r, .event = tell_step, .interrupted = why_stop
	};
}

/* ---- recovery ---- */

static void record_recovery(const struct settings *s, const char *id, enum txn_outcome outcome)
{
	CLEANUP(json_freep) struct json *old = NULL;
	CLEANUP(json_freep) struct json *result = json_object();
	const struct err_info *info =
		&err_table[outcome == TXN_COMMITTED ? ERR_NONE : ERR_ROLLED_BACK];
	struct err e;

	if (state_read(&e, s, id, "result.json", &old) == 0 && old)
		return;
	json_set_str(result, "id", id);
	json_set_str(result, "outcome", outcome == TXN_COMMITTED ? "upgraded" : "rolled-back");
	json_set_str(result, "message", "the run was cut off; recovery finished it");
	json_set_int(result, "status", info->status);
	json_set_str(result, "name", info->name);
	if (state_write(&e, s, id, "result.json", result) < 0)
		log_warn("%s", e.msg);
}

static int recover_one(struct err *e, struct run *r, const char *id, struct json **ret)
{
	CLEANUP(mem_freep) char *path = state_path(r->settings, id, "journal");
	CLEANUP(journal_closep) struct journal *j = NULL;
	struct txn t = txn_of(r);
	enum txn_outcome outcome;
	const char *what;

	if (journal_open(e, path, &j) < 0)
		return e->sys == ENOENT ? 0 : -1;
	if (journal_has(j, RECORD_END))
		return 0;
	what = journal_has(j, RECORD_COMMIT) ? "committed: it is finished"
	                                     : "not committed: it is undone";
	event_tell(r->events, EVENT_WARNING, "recover", NULL, "run %s was cut off, %s", id, what);
	if (txn_recover(e, &t, j, &outcome) < 0) {
		e->code = ERR_BROKEN;
		return err_wrap(e, "run %s cannot be recovered", id);
	}
	record_recovery(r->settings, id, outcome);
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

static int take_image(struct err *e, struct job *j, const char *image)
{
	CLEANUP(mem_freep) char *name = NULL;

	if (reference_parse(e, image, &j->image) < 0)
		return -1;
	name = reference_format(&j->image);
	json_set_str(j->result, "image", name);
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
	if (o->image && take_image(e, ret, o->image) < 0)
		return -1;
	if (o->on_node && node_qualifies(e, s) < 0)
		return -1;
	if (state_prepare(e, s) < 0 || state_lock(e, s, o->command, &ret->lock) < 0 ||
	    open_store(e, s, &r->store) < 0 || recover_last(e, r, &ret->recovered) < 0)
		return -1;
	/* The way back of that run is over; this one begins anew. */
	r->undoing = false;
	r->down_at = r->healthy_at = 0;
	return 0;
}

void job_close(struct job *j)
{
	store_close(j->run.store);
	reference_release(&j->image);
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
	if (id && state_write(&mine, j->run.settings, id, "result.json", j->result) < 0)
		log_warn("%s", mine.msg);
}

/* ---- executing a plan ---- */

static int begin_run(struct err *e, struct job *j, const struct json *plan, struct journal **ret)
{
	const struct settings *s = j->run.settings;
	const char *id = json_str(plan, "id");
	CLEANUP(mem_freep) char *dir = state_path(s, id, "");
	CLEANUP(mem_freep) char *events = state_path(s, id, "events.jsonl");
	CLEANUP(mem_freep) char *journal = state_path(s, id, "journal");
	CLEANUP(json_freep) struct json *about = json_object();
	char now[CLOCK_UTC_MAX];

	clock_utc(now);
	json_set_str(about, "time", now);
	json_set_str(about, "id", id);
	json_set_str(about, "kind", json_str(plan, "kind"));
	json_set_str(about, "from", json_str(plan, "from"));
	json_set_str(about, "to", json_str(plan, "to"));
	if (file_mkdirs(e, dir, 0700) < 0 || state_write(e, s, id, "plan.json", plan) < 0 ||
	    events_attach(e, j->events, events) < 0 || journal_create(e, journal, ret) < 0)
		return -1;
	json_set_str(j->result, "id", id);
	return journal_append(e, *ret, RECORD_BEGIN, -1, NULL, about);
}

/* Every digest that a plan names is still needed while its run can be undone or repeated. */
struct keep_list {
	char **hex;
	int count;
};

static void collect(const struct json *v, struct keep_list *l)
{
	const char *text = json_string(v);

	if (text && str_starts(text, "sha256:"))
		text += strlen("sha256:");
	if (text && strlen(text) == 64) {
		l->hex = mem_grow(l->hex, (size_t)l->count + 1, sizeof(*l->hex));
		l->hex[l->count++] = mem_dup(text);
	}
	if (!text)
		for (const struct json *child = json_first(v); child; child = json_next(child))
			collect(child, l);
}

static bool is_kept(const struct digest *d, void *ctx)
{
	struct keep_list *l = ctx;
	char hex[DIGEST_TEXT_MAX];

	digest_hex(d, hex);
	for (int i = 0; i < l->count; i++)
		if (strcmp(l->hex[i], hex) == 0)
			return true;
	return false;
}

static int collect_runs(struct err *e, const struct settings *s, struct keep_list *ret)
{
	CLEANUP(run_ids_release) struct run_ids ids = { 0 };

	if (state_runs(e, s, &ids) < 0)
		return -1;
	for (int i = 0; i < ids.count; i++) {
		CLEANUP(json_freep) struct json *plan = NULL;

		if (i < ids.count - CONTENT_OF_RUNS)
			continue;
		if (state_read(e, s, ids.items[i], "plan.json", &plan) < 0)
			return -1;
		collect(plan, ret);
	}
	return 0;
}

static void keep_list_release(struct keep_list *l)
{
	for (int i = 0; i < l->count; i++)
		free(l->hex[i]);
	free(l->hex);
}

/* After a commit: the runs before the last few, and the content that only they name. */
static void prune(struct job *j)
{
	CLEANUP(keep_list_release) struct keep_list l = { 0 };
	const struct settings *s = j->run.settings;
	struct err e;
	int64_t freed;

	if (collect_runs(&e, s, &l) < 0 || store_prune(&e, j->run.store, is_kept, &l, &freed) < 0 ||
	    state_prune(&e, s) < 0)
		log_warn("cannot tidy up: %s", e.msg);
}

static int execute(struct err *e, struct job *j, const struct json *plan, const char *outcome)
{
	CLEANUP(journal_closep) struct journal *journal = NULL;
	struct txn t = txn_of(&j->run);

	json_unset(j->result, "outcome");
	if (begin_run(e, j, plan, &journal) < 0)
		return -1;
	if (txn_execute(e, &t, journal, json_get(plan, "steps")) == 0) {
		json_set_str(j->result, "outcome", outcome);
		prune(j);
		return 0;
	}
	if (e->code == ERR_ROLLED_BACK) {
		struct err reason = *e;

		return err_set(e, ERR_ROLLED_BACK, "%s; the node is back on %s and healthy",
		               reason.msg, json_str(plan, "from"));
	}
	return -1;
}

/* ---- the jobs ---- */

int upgrade_plan(struct err *e, struct job *j, struct json **ret)
{
	CLEANUP(prepared_release) struct prepared p = { 0 };
	CLEANUP(mem_freep) char *id = NULL;
	const struct settings *s = j->run.settings;
	char digest[DIGEST_TEXT_MAX];
	struct plan_request q;

	if (prepare_image(e, &j->run, &j->image, &p) < 0 || state_next_id(e, s, &id) < 0)
		return -1;
	digest_format(&p.image->top, digest);
	json_set_str(j->result, "digest", digest);
	json_set_str(j->result, "from", p.node->engine.version);
	json_set_str(j->result, "to", p.version);
	q = (struct plan_request){
		.id = id,
		.kind = "upgrade",
		.image = p.image,
		.profile = p.profile->name,
		.node = p.node,
		.changes = &p.changes,
		.to = p.version,
		.health_timeout_ms = s->health_timeout_ms >= 0 ? s->health_timeout_ms
		                                               : p.profile->health_timeout_ms,
		.soak_ms = s->soak_ms >= 0 ? s->soak_ms : p.profile->soak_ms,
	};
	*ret = plan_make(&q);
	json_set_str(j->result, "outcome", *ret ? "planned" : "unchanged");
	return 0;
}

int upgrade_to_image(struct err *e, struct job *j)
{
	CLEANUP(json_freep) struct json *plan = NULL;

	if (upgrade_plan(e, j, &plan) < 0)
		return -1;
	return plan ? execute(e, j, plan, "upgraded") : 0;
}

int upgrade_fetch(struct err *e, struct job *j)
{
	CLEANUP(image_freep) struct image *i = NULL;
	char digest[DIGEST_TEXT_MAX];

	if (prepare_fetch(e, &j->run, &j->image, &i) < 0)
		return -1;
	digest_format(&i->top, digest);
	json_set_str(j->result, "digest", digest);
	json_set_str(j->result, "outcome", "fetched");
	return 0;
}

int upgrade_check_node(struct err *e, struct job *j)
{
	CLEANUP(node_freep) struct node *n = NULL;

	if (node_open(e, j->run.settings, &n) < 0)
		return -1;
	prepare_tell_node(&j->run, n);
	json_set_str(j->result, "from", n->engine.version);
	json_set_str(j->result, "outcome", "qualified");
	return 0;
}

/* The same units, watched for as long, as in the run whose work is taken back. */
static int look_up_units_of(struct err *e, struct node *n, const struct json *plan)
{
	const struct json *list = json_get(plan_step(plan, "restart"), "units");
	CLEANUP(mem_freep)
	const char **units = mem_alloc(sizeof(*units) * (size_t)(json_length(list) + 1));
	int count = 0;

	for (const struct json *u = json_first(list); u; u = json_next(u))
		units[count++] = json_string(u);
	return node_look_up_units(e, n, units, count);
}

static int plan_back(struct err *e, struct job *j, const struct json *last, struct json **ret)
{
	const struct settings *s = j->run.settings;
	const struct json *health = plan_step(last, "health");
	CLEANUP(node_freep) struct node *n = NULL;
	CLEANUP(change_list_release) struct change_list changes = { 0 };
	CLEANUP(mem_freep) char *id = NULL;
	struct plan_request q;

	if (node_open(e, s, &n) < 0 || look_up_units_of(e, n, last) < 0)
		return -1;
	prepare_tell_node(&j->run, n);
	if (change_from_swap(e, plan_step(last, "swap"), j->run.store, &changes) < 0 ||
	    change_check_elf(e, &changes, j->run.store) < 0 || change_check_room(e, &changes) < 0 ||
	    state_next_id(e, s, &id) < 0)
		return -1;
	json_set_str(j->result, "from", n->engine.version);
	json_set_str(j->result, "to", json_str(last, "from"));
	q = (struct plan_request){
		.id = id,
		.kind = "rollback",
		.profile = json_str(last, "profile"),
		.node = n,
		.changes = &changes,
		.to = json_str(last, "from"),
		.health_timeout_ms = s->health_timeout_ms >= 0 ? s->health_timeout_ms
		                                               : json_int(health, "timeout_ms", 0),
		.soak_ms = s->soak_ms >= 0 ? s->soak_ms : json_int(health, "soak_ms", 0),
	};
	*ret = plan_make(&q);
	return 0;
}

int upgrade_rollback(struct err *e, struct job *j)
{
	CLEANUP(json_freep) struct json *last = NULL;
	CLEANUP(json_freep) struct json *plan = NULL;

	if (state_last_committed(e, j->run.settings, &last) < 0)
		return -1;
	if (!last)
		return err_set(e, ERR_PRECHECK,
		               "nothing to go back to: no upgrade was made on this node");
	if (plan_back(e, j, last, &plan) < 0)
		return -1;
	if (plan)
		return execute(e, j, plan, "rolled-back");
	json_set_str(j->result, "outcome", "unchanged");
	return 0;
}

void upgrade_recover(struct job *j)
{
	const char *outcome = json_str(j->recovered, "outcome");

	json_set_str(j->result, "run", json_str(j->recovered, "run"));
	json_set_str(j->result, "outcome", outcome ? outcome : "nothing-to-do");
}
