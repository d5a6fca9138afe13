/* SPDX-License-Identifier: MIT */
#include "upgrade/health.h"

#include <stdarg.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/container.h"
#include "os/process.h"
#include "upgrade/version.h"

#define POLL_MS 10       /* between two questions while the engine is down */
#define UNIT_POLL_MS 250 /* between two looks at the units meanwhile: it starts a program */
#define SOAK_POLL_MS 500
#define ANSWER_MS 2000     /* how long one answer may take */
#define SOAK_SILENCES 3    /* answers that may fail in a row during the soak */
#define MEND_AFTER_MS 3000 /* how long a container may take to come back by itself */

/* What one look at the node says. */
enum finding {
	WELL,
	NOT_YET, /* *e says what is missing; it may come */
	NEVER,   /* *e says what is wrong; waiting does not help */
};

struct look {
	const struct json *want;
	const char **names; /* of the units */
	struct unit *units; /* as last seen */
	int count;
	struct run *run;
	int64_t missed_at; /* when a container was first seen not to run, clock_ms(); 0: none */
	bool *mended;      /* by index: the container was started by us */
};

static void look_release(struct look *l)
{
	mem_freep(&l->names);
	mem_freep(&l->units);
	mem_freep(&l->mended);
}

static void look_init(struct look *l, const struct json *want, struct run *r)
{
	const struct json *units = json_get(want, "units");

	*l = (struct look){ .want = want, .run = r };
	l->mended = mem_alloc(sizeof(*l->mended) *
	                      (size_t)(json_length(json_get(want, "containers")) + 1));
	l->names = mem_alloc(sizeof(*l->names) * (size_t)(json_length(units) + 1));
	l->units = mem_alloc(sizeof(*l->units) * (size_t)(json_length(units) + 1));
	for (const struct json *u = json_first(units); u; u = json_next(u))
		l->names[l->count++] = json_str(u, "name");
}

static const char *program(const struct look *l, int index)
{
	const struct json *u = json_first(json_get(l->want, "units"));

	while (index--)
		u = json_next(u);
	return json_str(u, "program");
}

PRINTF(3, 4) static enum finding say(struct err *e, enum finding f, const char *fmt, ...)
{
	CLEANUP(mem_freep) char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = mem_vprintf(fmt, ap);
	va_end(ap);
	err_set(e, ERR_PRECHECK, "%s", text);
	return f;
}

static enum finding look_at_unit(struct err *e, const struct look *l, int i)
{
	const struct unit *u = &l->units[i];
	const char *file = program(l, i);

	if (strcmp(u->active, "failed") == 0)
		return say(e, NEVER, "unit '%s' failed to start", u->name);
	if (u->restarts > 0 || strcmp(u->sub, "auto-restart") == 0)
		return say(e, NEVER, "unit '%s' died and was restarted by systemd", u->name);
	if (strcmp(u->active, "active") != 0)
		return say(e, NOT_YET, "unit '%s' is %s", u->name, u->active);
	if (file && !process_runs_file(u->main_pid, file))
		return say(e, NEVER, "the process of unit '%s' is not '%s'", u->name, file);
	return WELL;
}

static enum finding look_at_units(struct err *e, struct look *l)
{
	enum finding worst = WELL;

	if (systemd_query(e, l->names, l->count, l->units) < 0)
		return NOT_YET;
	for (int i = 0; i < l->count; i++) {
		struct err mine;
		enum finding f = look_at_unit(&mine, l, i);

		if (f > worst) {
			worst = f;
			*e = mine;
		}
	}
	return worst;
}

static bool runs(const struct container_list *l, const char *id)
{
	for (int i = 0; id && i < l->count; i++)
		if (strcmp(l->items[i].id, id) == 0)
			return true;
	return false;
}

/*
 * On the way back only: an engine that died while it stopped its containers leaves them marked as
 * if a person had stopped them, and then no restart policy brings them back. They ran before.
 * Each is started once.
 */
static void mend(struct look *l, struct engine *g, const struct json *container, int index)
{
	struct err e;

	if (!l->missed_at)
		l->missed_at = clock_ms();
	if (!l->run->undoing || l->mended[index] || clock_ms() - l->missed_at < MEND_AFTER_MS)
		return;
	l->mended[index] = true;
	if (container_start(&e, g, json_str(container, "id")) < 0)
		log_debug("%s", e.msg);
	else
		event_tell(l->run->events, EVENT_INFO, "health", NULL,
		           "container '%s' did not come back by itself: started",
		           json_str(container, "name"));
}

static enum finding look_at_containers(struct err *e, struct look *l, struct engine *g)
{
	const struct json *want = json_get(l->want, "containers");
	struct container_list now = { 0 };
	enum finding f = WELL;
	int i = 0;

	if (!json_length(want))
		return WELL;
	if (engine_running_ids(e, g, &now) < 0)
		return NOT_YET;
	for (const struct json *c = json_first(want); c; c = json_next(c), i++) {
		const char *id = json_str(c, "id");
		bool returns = json_bool(c, "returns", true);

		if (runs(&now, id) || (!returns && container_ended(g, id)))
			continue;
		f = say(e, NOT_YET, "container '%s' does not run", json_str(c, "name"));
		if (returns)
			mend(l, g, c, i);
	}
	container_list_release(&now);
	return f;
}

static enum finding look_at_version(struct err *e, const struct look *l, struct engine *g)
{
	const char *want = json_str(l->want, "version");
	struct engine_info info = { 0 };
	enum finding f = WELL;

	/* An engine that does not say it at once is asked the long way. */
	if (!engine_version(g)[0] && engine_info(e, g, &info) < 0)
		return NOT_YET;
	if (!version_same(info.version ? info.version : engine_version(g), want))
		f = say(e, NEVER, "the engine says it is version '%s', not '%s'",
		        info.version ? info.version : engine_version(g), want);
	engine_info_release(&info);
	return f;
}

static enum finding look_at_engine(struct err *e, struct look *l)
{
	CLEANUP(engine_closep) struct engine *g = NULL;
	enum finding f;

	if (engine_open(e, json_str(l->want, "socket"), ANSWER_MS, &g) < 0)
		return NOT_YET;
	f = look_at_version(e, l, g);
	return f == WELL ? look_at_containers(e, l, g) : f;
}

/*
 * The engine first, for that costs little. The units, which cost the start of a program, when all
 * else is well, and now and then meanwhile: a unit that failed need not be waited for.
 */
static enum finding look(struct err *e, struct look *l, int64_t *next_units)
{
	enum finding engine = look_at_engine(e, l), units;
	struct err mine;

	if (engine == NEVER || (engine == NOT_YET && clock_ms() < *next_units))
		return engine;
	*next_units = clock_ms() + UNIT_POLL_MS;
	units = look_at_units(&mine, l);
	if (units > engine)
		*e = mine;
	return units > engine ? units : engine;
}

static int wait_well(struct err *e, struct run *r, struct look *l)
{
	int64_t timeout = json_int(l->want, "timeout_ms", 0), end = clock_ms() + timeout,
		units_at = 0;

	for (;;) {
		const char *why = run_interrupted(r);
		enum finding f = look(e, l, &units_at);

		if (f == WELL)
			return 0;
		if (f == NEVER)
			return -1;
		if (why)
			return err_set(e, ERR_RETRY, "%s", why);
		if (clock_ms() >= end)
			return err_wrap(e, "not healthy after %lld s", (long long)timeout / 1000);
		clock_sleep_ms(POLL_MS);
	}
}

/* The same process still, and none that systemd had to start again. */
static int still(struct err *e, struct look *l, const struct unit *before)
{
	for (int i = 0; i < l->count; i++) {
		if (l->units[i].main_pid != before[i].main_pid ||
		    l->units[i].restarts != before[i].restarts)
			return err_set(e, ERR_PRECHECK, "unit '%s' died during the soak time",
			               l->units[i].name);
	}
	return 0;
}

static int stay_well(struct err *e, struct run *r, struct look *l)
{
	CLEANUP(mem_freep)
	struct unit *before = mem_alloc(sizeof(*before) * (size_t)(l->count + 1));
	int64_t end = clock_ms() + json_int(l->want, "soak_ms", 0), units_at = 0;
	int silent = 0;

	memcpy(before, l->units, sizeof(*before) * (size_t)l->count);
	/* It ends with an answer: a silent engine is asked again, also when the time is over. */
	while (clock_ms() < end || silent) {
		const char *why = run_interrupted(r);
		int64_t left = end - clock_ms();
		enum finding f;

		if (why)
			return err_set(e, ERR_RETRY, "%s", why);
		clock_sleep_ms(left > 0 && left < SOAK_POLL_MS ? left : SOAK_POLL_MS);
		f = look(e, l, &units_at);
		silent = f == NOT_YET ? silent + 1 : 0;
		if (f == NEVER || silent >= SOAK_SILENCES)
			return err_wrap(e, "during the soak time");
		if (f == WELL && still(e, l, before) < 0)
			return -1;
	}
	return 0;
}

static void tell_well(struct run *r, const struct look *l, bool soak)
{
	int64_t down = r->down_at ? r->healthy_at - r->down_at : -1;
	CLEANUP(mem_freep) char *after = NULL;
	struct json *data = json_object();

	if (down >= 0) {
		json_set_int(data, "downtime_ms", down);
		after = mem_printf(" %.2f s after the restart began", (double)down / 1000);
	}
	event_tell(
		r->events, EVENT_INFO, "health", data,
		"healthy%s: the engine answers as %s, %d units run their files, %d containers run",
		after ? after : "", json_str(l->want, "version"), l->count,
		json_length(json_get(l->want, "containers")));
	if (soak)
		event_tell(r->events, EVENT_INFO, "health", NULL, "it must stay so for %.0f s",
		           (double)json_int(l->want, "soak_ms", 0) / 1000);
}

/* Asked once, when the downtime is over: /info costs the engine the start of programs. */
static int look_at_swarm(struct err *e, const struct look *l)
{
	CLEANUP(engine_closep) struct engine *g = NULL;
	const char *want = json_str(l->want, "swarm");
	struct engine_info info;
	bool same;

	if (!want || strcmp(want, "inactive") == 0)
		return 0;
	if (engine_open(e, json_str(l->want, "socket"), ENGINE_TIMEOUT_MS, &g) < 0 ||
	    engine_info(e, g, &info) < 0)
		return -1;
	same = strcmp(info.swarm, want) == 0;
	if (!same)
		err_set(e, ERR_PRECHECK, "the node's part in its swarm is '%s', not '%s'",
		        info.swarm, want);
	engine_info_release(&info);
	return same ? 0 : -1;
}

int health_wait(struct err *e, struct run *r, const struct json *want, bool soak)
{
	CLEANUP(look_release) struct look l;

	look_init(&l, want, r);
	if (wait_well(e, r, &l) < 0)
		return -1;
	if (!r->healthy_at)
		r->healthy_at = clock_ms();
	tell_well(r, &l, soak);
	if (soak && stay_well(e, r, &l) < 0)
		return -1;
	return look_at_swarm(e, &l);
}

int health_is_stale(struct err *e, const struct json *want, bool *ret)
{
	CLEANUP(look_release) struct look l;
	struct err ignored;

	look_init(&l, want, NULL);
	if (systemd_query(e, l.names, l.count, l.units) < 0)
		return -1;
	*ret = false;
	for (int i = 0; i < l.count; i++) {
		/* How often it was restarted before we came says nothing about it now. */
		l.units[i].restarts = 0;
		*ret = *ret || look_at_unit(&ignored, &l, i) != WELL;
	}
	return 0;
}
