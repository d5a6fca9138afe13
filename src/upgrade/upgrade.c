/* SPDX-License-Identifier: MIT */
#include "upgrade/upgrade.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "os/file.h"
#include "upgrade/archive.h"
#include "upgrade/highest.h"
#include "upgrade/plan.h"
#include "upgrade/prepare.h"
#include "upgrade/state.h"
#include "upgrade/tidy.h"

#define NOT_RECORDED "the version that runs now is not recorded as the highest"

/* ---- executing a plan ---- */

static int begin_run(struct err *e, struct job *j, const struct json *plan, struct journal **ret)
{
	const struct settings *s = j->run.settings;
	const char *id = json_str(plan, "id");
	CLEANUP(mem_freep) char *journal = state_path(s, id, "journal");
	CLEANUP(json_freep) struct json *about = json_object();
	char now[CLOCK_UTC_MAX];

	clock_utc(now);
	json_set_str(about, "time", now);
	json_set_str(about, "id", id);
	json_set_str(about, "kind", json_str(plan, "kind"));
	json_set_str(about, "from", json_str(plan, "from"));
	json_set_str(about, "to", json_str(plan, "to"));
	if (state_write(e, s, id, "plan.json", plan) < 0 || journal_create(e, journal, ret) < 0)
		return -1;
	return journal_append(e, *ret, RECORD_BEGIN, -1, NULL, about);
}

/* Adds where the node stands now. */
static void tell_where(struct err *e, const struct json *plan)
{
	struct err reason = *e;

	if (e->code == ERR_ROLLED_BACK)
		err_set(e, ERR_ROLLED_BACK, "%s; the node is back on %s and healthy", reason.msg,
		        json_str(plan, "from"));
	else if (e->code == ERR_RETRY)
		err_set(e, ERR_RETRY, "%s; nothing was touched", reason.msg);
}

static void committed(struct job *j, const struct json *plan, const char *outcome)
{
	struct err e;

	json_set_str(j->result, "outcome", outcome);
	if (highest_record_plan(&e, j->run.settings, plan) < 0)
		log_warn(NOT_RECORDED ": %s", e.msg);
}

static int execute(struct err *e, struct job *j, const struct json *plan, const char *outcome)
{
	CLEANUP(journal_closep) struct journal *journal = NULL;
	struct txn t = job_txn(&j->run);
	int failed;

	json_unset(j->result, "outcome");
	tidy(&j->run, plan, NULL, 0); /* those before may all have been killed */
	if (begin_run(e, j, plan, &journal) < 0)
		return -1;
	failed = txn_execute(e, &t, journal, json_get(plan, "steps"));
	if (failed)
		tell_where(e, plan);
	else
		committed(j, plan, outcome);
	if (!failed || e->code != ERR_BROKEN)
		tidy(&j->run, plan, NULL, 0);
	return failed;
}

/* ---- the jobs ---- */

static void set_image(struct job *j, const struct prepared *p)
{
	char digest[DIGEST_TEXT_MAX];

	digest_format(&p->image->top, digest);
	json_set_str(j->result, "digest", digest);
	if (*prepared_name(p, &j->image)->path && j->image.kind != ORIGIN_REGISTRY)
		json_set_str(j->result, "reference", p->image->reference);
	candidate_describe(&p->candidate, j->result);
}

/* *ret_plan is NULL when there is nothing to do. */
static int plan_image(struct err *e, struct job *j, struct prepared *p, struct json **ret_plan)
{
	const struct settings *s = j->run.settings;
	struct plan_request q;

	if (prepare_image(e, &j->run, &j->image, p) < 0)
		return -1;
	set_image(j, p);
	json_set_str(j->result, "from", p->node->engine.version);
	json_set_str(j->result, "to", p->candidate.version);
	q = (struct plan_request){
		.id = j->id,
		.kind = "upgrade",
		.state_dir = s->state_dir,
		.image = p->image,
		.candidate = &p->candidate,
		.profile = p->profile->name,
		.node = p->node,
		.changes = &p->changes,
		.to = p->candidate.version,
		.health_timeout_ms = s->health_timeout_ms >= 0 ? s->health_timeout_ms
		                                               : p->profile->health_timeout_ms,
		.soak_ms = s->soak_ms >= 0 ? s->soak_ms : p->profile->soak_ms,
	};
	*ret_plan = plan_make(&q);
	tidy(&j->run, *ret_plan, p->image, TIDY_AGE_SECONDS);
	json_set_str(j->result, "outcome", *ret_plan ? "planned" : "unchanged");
	return 0;
}

int upgrade_plan(struct err *e, struct job *j, struct json **ret)
{
	CLEANUP(prepared_release) struct prepared p = { 0 };

	return plan_image(e, j, &p, ret);
}

/* The node runs it, whoever installed it. */
static void record_unchanged(struct job *j, const struct prepared *p)
{
	const struct candidate *c = &p->candidate;
	struct highest now = { .version = c->version,
		               .channel = c->channel,
		               .epoch = c->epoch >= 0 ? c->epoch : 0 };

	struct err e;

	if (highest_record(&e, j->run.settings, p->profile->name, &now, false) < 0)
		log_warn(NOT_RECORDED ": %s", e.msg);
}

int upgrade_to_image(struct err *e, struct job *j)
{
	CLEANUP(prepared_release) struct prepared p = { 0 };
	CLEANUP(json_freep) struct json *plan = NULL;

	if (plan_image(e, j, &p, &plan) < 0)
		return -1;
	if (plan)
		return execute(e, j, plan, "upgraded");
	record_unchanged(j, &p);
	return 0;
}

int upgrade_check(struct err *e, struct job *j)
{
	CLEANUP(json_freep) struct json *plan = NULL;

	if (upgrade_plan(e, j, &plan) < 0)
		return -1;
	if (plan) {
		json_unset(j->result, "outcome");
		json_set_str(j->result, "outcome", "qualified");
	}
	return 0;
}

int upgrade_fetch(struct err *e, struct job *j)
{
	CLEANUP(prepared_release) struct prepared p = { 0 };

	if (prepare_fetch(e, &j->run, &j->image, NULL, &p) < 0)
		return -1;
	tidy(&j->run, NULL, p.image, TIDY_AGE_SECONDS);
	set_image(j, &p);
	json_set_str(j->result, "outcome", "fetched");
	return 0;
}

int upgrade_save(struct err *e, struct job *j, const char *file)
{
	CLEANUP(prepared_release) struct prepared p = { 0 };
	CLEANUP(collection_release) struct collection signatures = { 0 };
	int64_t bytes;

	if (archive_check(e, file) < 0 ||
	    prepare_fetch(e, &j->run, &j->image, &signatures, &p) < 0 ||
	    archive_write(e, &j->run, file, p.image, prepared_name(&p, &j->image), &signatures,
	                  &bytes) < 0)
		return -1;
	tidy(&j->run, NULL, p.image, TIDY_AGE_SECONDS);
	set_image(j, &p);
	json_set_str(j->result, "file", file);
	json_set_int(j->result, "bytes", bytes);
	json_set_str(j->result, "outcome", "saved");
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
	struct plan_request q;

	if (node_open(e, s, &n) < 0 || look_up_units_of(e, n, last) < 0)
		return -1;
	prepare_tell_node(&j->run, n);
	if (change_from_swap(e, plan_step(last, "swap"), j->run.store, &changes) < 0 ||
	    change_check_elf(e, &changes, j->run.store) < 0 || change_check_room(e, &changes) < 0)
		return -1;
	json_set_str(j->result, "from", n->engine.version);
	json_set_str(j->result, "to", json_str(last, "from"));
	q = (struct plan_request){
		.id = j->id,
		.kind = "rollback",
		.state_dir = s->state_dir,
		.made = plan_step(last, "mkdir"),
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
	if (!plan_step(last, "swap"))
		return err_set(e, ERR_PRECHECK,
		               "nothing to go back to: the last run replaced no file");
	if (plan_back(e, j, last, &plan) < 0)
		return -1;
	if (plan)
		return execute(e, j, plan, "rolled-back");
	json_set_str(j->result, "outcome", "unchanged");
	return 0;
}
