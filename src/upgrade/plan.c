/* SPDX-License-Identifier: MIT */
#include "upgrade/plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "os/file.h"
#include "os/process.h"
#include "upgrade/content.h"
#include "upgrade/version.h"

/* systemd itself kills after TimeoutStopSec= (90 s): this is for when even that does not help. */
#define STOP_TIMEOUT_MS 180000
/* On the way back nobody waits that long for an engine that is known to be bad. */
#define STOP_BAD_TIMEOUT_MS 20000
#define GUARD_UNIT "nodelift-recover.service"

/* ---- the arguments of each kind of step ---- */

static bool has_old(const struct change *c)
{
	return c->old.algorithm != DIGEST_NONE;
}

static bool has_new(const struct change *c)
{
	return c->new.algorithm != DIGEST_NONE;
}

static bool says_version(const struct change *c)
{
	return c->says_version;
}

static bool any(const struct change *c)
{
	(void)c;
	return true;
}

/* Steps that are about files have one object for each change that they are for. */
static struct json *files_args(const struct plan_request *q, bool (*is_for)(const struct change *c),
                               void (*tell)(const struct plan_request *q, const struct change *c,
                                            struct json *ret))
{
	struct json *args = json_object(), *files = json_array();

	for (int i = 0; i < q->changes->count; i++) {
		const struct change *c = &q->changes->items[i];
		struct json *f;

		if (!change_is_needed(c) || !is_for(c))
			continue;
		f = json_object();
		tell(q, c, f);
		json_push(files, f);
	}
	json_set(args, "files", files);
	return args;
}

static void set_temp(const struct plan_request *q, const struct change *c, struct json *f)
{
	CLEANUP(mem_freep) char *dir = file_parent(c->path);
	CLEANUP(mem_freep)
	char *temp = mem_printf("%s/.%s.nodelift-%s", strcmp(dir, "/") == 0 ? "" : dir,
	                        file_base(c->path), q->id);

	json_set_str(f, "temp", temp);
}

static void tell_keep(const struct plan_request *q, const struct change *c, struct json *f)
{
	(void)q;
	json_set_str(f, "path", c->path);
	content_set(f, "sha256", &c->old);
}

static void tell_stage(const struct plan_request *q, const struct change *c, struct json *f)
{
	set_temp(q, c, f);
	content_set(f, "sha256", &c->new);
	json_set_int(f, "size", c->size);
	if (has_old(c)) {
		json_set_str(f, "like", c->path);
		content_set(f, "old", &c->old);
	} else {
		json_set_int(f, "mode", c->mode);
	}
}

static void tell_probe(const struct plan_request *q, const struct change *c, struct json *f)
{
	set_temp(q, c, f);
	json_set_str(f, "version", q->to);
}

static void tell_swap(const struct plan_request *q, const struct change *c, struct json *f)
{
	json_set_str(f, "path", c->path);
	set_temp(q, c, f);
	content_set(f, "old", &c->old);
	content_set(f, "new", &c->new);
	json_set_int(f, "mode", c->mode);
}

static bool holds(const struct json *array, const char *text)
{
	for (const struct json *v = json_first(array); v; v = json_next(v))
		if (strcmp(json_string(v), text) == 0)
			return true;
	return false;
}

static void add_missing_dirs(struct json *dirs, const char *dir)
{
	CLEANUP(mem_freep) char *parent = NULL;

	if (file_exists(dir) || holds(dirs, dir))
		return;
	parent = file_parent(dir);
	add_missing_dirs(dirs, parent);
	json_push(dirs, json_new_str(dir));
}

static struct json *mkdir_args(const struct plan_request *q)
{
	struct json *args = json_object(), *dirs = json_array();

	for (int i = 0; i < q->changes->count; i++) {
		const struct change *c = &q->changes->items[i];
		CLEANUP(mem_freep) char *dir = file_parent(c->path);

		if (change_is_needed(c) && has_new(c))
			add_missing_dirs(dirs, dir);
	}
	json_set(args, "dirs", dirs);
	return args;
}

static struct json *restart_args(const struct plan_request *q, int64_t stop_timeout_ms)
{
	struct json *args = json_object(), *units = json_array();

	for (int i = 0; i < q->node->unit_count; i++)
		json_push(units, json_new_str(q->node->units[i].name));
	json_set(args, "units", units);
	json_set_int(args, "stop_timeout_ms", stop_timeout_ms);
	return args;
}

/* A node whose image brings the unit along needs no other. */
static bool boot_is_guarded(void)
{
	return file_exists("/usr/lib/systemd/system/" GUARD_UNIT) ||
	       file_exists("/lib/systemd/system/" GUARD_UNIT);
}

static struct json *guard_args(const struct plan_request *q)
{
	CLEANUP(mem_freep) char *real = realpath(q->state_dir, NULL);
	const char *state = real ? real : q->state_dir;
	CLEANUP(mem_freep) char *program = mem_printf("%s/bin/nodelift", state);
	CLEANUP(str_release) struct str text = { 0 };
	struct json *args = json_object();

	str_addf(&text, "[Unit]\nDescription=Finish or undo an upgrade that was cut off\nBefore=");
	for (int i = 0; i < q->node->unit_count; i++)
		str_addf(&text, "%s%s", i ? " " : "", q->node->units[i].name);
	str_addf(&text,
	         "\nConditionPathExists=%s\n\n[Service]\nType=oneshot\n"
	         "ExecStart=%s recover --boot --state-dir %s\n",
	         program, program, state);
	json_set_str(args, "program", program);
	json_set_str(args, "unit", "/etc/systemd/system/" GUARD_UNIT);
	json_set_str(args, "link", "/etc/systemd/system/multi-user.target.wants/" GUARD_UNIT);
	json_set_str(args, "text", text.s);
	return args;
}

static const struct change *change_at(const struct plan_request *q, const char *path)
{
	for (int i = 0; i < q->changes->count; i++)
		if (strcmp(q->changes->items[i].path, path) == 0)
			return &q->changes->items[i];
	return NULL;
}

/* What the units run now, of the programs that are replaced. */
static struct json *programs(const struct plan_request *q)
{
	struct json *list = json_array();

	for (int i = 0; i < q->node->unit_count; i++) {
		const struct unit *u = &q->node->units[i];
		CLEANUP(mem_freep) char *path = realpath(u->exec, NULL);
		const struct change *c = path ? change_at(q, path) : NULL;
		struct json *o;

		if (!c || !process_runs_file(u->main_pid, path))
			continue;
		o = json_object();
		json_set_str(o, "unit", u->name);
		content_set(o, "old", &c->old);
		json_push(list, o);
	}
	return list;
}

static struct json *restart_step_args(const struct plan_request *q)
{
	struct json *args = restart_args(q, STOP_TIMEOUT_MS);

	json_set_int(args, "undo_timeout_ms", STOP_BAD_TIMEOUT_MS);
	json_set(args, "programs", programs(q));
	return args;
}

/* A unit's program is compared with its process where that can be true: a script that starts the
 * program is not what runs. */
static struct json *health_units(const struct plan_request *q)
{
	struct json *units = json_array();

	for (int i = 0; i < q->node->unit_count; i++) {
		const struct unit *u = &q->node->units[i];
		CLEANUP(mem_freep) char *program = realpath(u->exec, NULL);
		struct json *unit = json_object();

		json_set_str(unit, "name", u->name);
		if (program && (change_at(q, program) || process_runs_file(u->main_pid, program)))
			json_set_str(unit, "program", program);
		json_push(units, unit);
	}
	return units;
}

static struct json *health_args(const struct plan_request *q, const char *version)
{
	struct json *args = json_object(), *containers = json_array();

	json_set_str(args, "socket", q->node->socket);
	json_set_str(args, "version", version);
	json_set_str(args, "swarm", q->node->engine.swarm);
	json_set(args, "units", health_units(q));
	for (int i = 0; i < q->node->running.count; i++) {
		const struct container *c = &q->node->running.items[i];
		struct json *o;

		if (!node_expects(q->node, c))
			continue;
		o = json_object();
		json_set_str(o, "id", c->id);
		json_set_str(o, "name", c->name);
		json_set_bool(o, "returns", node_returns(c));
		json_push(containers, o);
	}
	json_set(args, "containers", containers);
	json_set_int(args, "timeout_ms", q->health_timeout_ms);
	json_set_int(args, "soak_ms", q->soak_ms);
	return args;
}

static struct json *baseline_args(const struct plan_request *q)
{
	struct json *args = json_object();

	json_set(args, "health", health_args(q, q->node->engine.version));
	json_set(args, "restart", restart_args(q, STOP_BAD_TIMEOUT_MS));
	return args;
}

/* ---- the plan ---- */

static void push_step(struct json *steps, const char *kind, struct json *args)
{
	struct json *step = json_object();

	json_set_str(step, "kind", kind);
	json_set(step, "args", args);
	json_push(steps, step);
}

static void push_if_any(struct json *steps, const char *kind, const char *list, struct json *args)
{
	if (json_length(json_get(args, list)))
		push_step(steps, kind, args);
	else
		json_free(args);
}

static struct json *image_json(const struct image *i)
{
	struct json *o = json_object(), *layers = json_array();
	char text[DIGEST_TEXT_MAX];

	json_set_str(o, "reference", i->reference);
	digest_format(&i->top, text);
	json_set_str(o, "digest", text);
	digest_format(&i->manifest, text);
	json_set_str(o, "manifest", text);
	digest_format(&i->config, text);
	json_set_str(o, "config", text);
	for (int k = 0; k < i->layer_count; k++) {
		digest_format(&i->layers[k].digest, text);
		json_push(layers, json_new_str(text));
	}
	json_set(o, "layers", layers);
	return o;
}

static bool any_needed(const struct change_list *l)
{
	for (int i = 0; i < l->count; i++)
		if (change_is_needed(&l->items[i]))
			return true;
	return false;
}

/* A process that still runs what its file was before (an earlier run that died, somebody's cp). */
static bool any_stale(const struct plan_request *q, const struct json *units)
{
	int i = 0;

	for (const struct json *u = json_first(units); u; u = json_next(u), i++) {
		const char *program = json_str(u, "program");

		if (program && !process_runs_file(q->node->units[i].main_pid, program))
			return true;
	}
	return false;
}

static bool is_target(const struct plan_request *q)
{
	CLEANUP(json_freep) struct json *units = health_units(q);

	return !any_needed(q->changes) && version_same(q->node->engine.version, q->to) &&
	       !any_stale(q, units);
}

struct json *plan_make(const struct plan_request *q)
{
	struct json *plan, *steps;

	if (is_target(q))
		return NULL;
	plan = json_object();
	steps = json_array();
	json_set_int(plan, "format", PLAN_FORMAT);
	json_set_str(plan, "id", q->id);
	json_set_str(plan, "kind", q->kind);
	if (q->image)
		json_set(plan, "image", image_json(q->image));
	if (q->candidate)
		candidate_describe(q->candidate, plan);
	json_set_str(plan, "profile", q->profile);
	json_set_str(plan, "from", q->node->engine.version);
	json_set_str(plan, "to", q->to);
	if (!boot_is_guarded())
		push_step(steps, "guard", guard_args(q));
	push_if_any(steps, "keep", "files", files_args(q, has_old, tell_keep));
	push_if_any(steps, "mkdir", "dirs", mkdir_args(q));
	push_if_any(steps, "stage", "files", files_args(q, has_new, tell_stage));
	push_if_any(steps, "probe", "files", files_args(q, says_version, tell_probe));
	push_step(steps, "baseline", baseline_args(q));
	push_if_any(steps, "swap", "files", files_args(q, any, tell_swap));
	push_if_any(steps, "restart", "units", restart_step_args(q));
	push_step(steps, "health", health_args(q, q->to));
	if (q->made)
		push_step(steps, "rmdir", json_copy(q->made));
	json_set(plan, "steps", steps);
	return plan;
}

const struct json *plan_step(const struct json *plan, const char *kind)
{
	for (const struct json *s = json_first(json_get(plan, "steps")); s; s = json_next(s)) {
		const char *name = json_str(s, "kind");

		if (name && strcmp(name, kind) == 0)
			return json_get(s, "args");
	}
	return NULL;
}
