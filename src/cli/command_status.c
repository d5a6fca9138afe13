/* SPDX-License-Identifier: MIT */
/* status: changes nothing, needs no lock, and works while a run goes on. */
#include <stdio.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/cli.h"
#include "cli/report.h"
#include "engine/engine.h"
#include "upgrade/state.h"

/* The engine may be down just now: that is an answer too. */
static struct json *engine_part(const struct cli *c)
{
	const char *socket = c->settings.socket ? c->settings.socket : engine_usual_socket();
	CLEANUP(engine_closep) struct engine *g = NULL;
	struct json *o = json_object();
	struct engine_info info;
	struct err e;

	json_set_str(o, "socket", socket);
	if (!socket || engine_open(&e, socket, ENGINE_TIMEOUT_MS, &g) < 0 ||
	    engine_info(&e, g, &info) < 0) {
		json_set_str(o, "error", socket ? e.msg : "no engine socket here");
		return o;
	}
	json_set_str(o, "version", info.version);
	engine_info_release(&info);
	return o;
}

static int last_part(struct err *e, const struct cli *c, struct json *status)
{
	CLEANUP(run_ids_release) struct run_ids l = { 0 };
	struct json *result;

	if (state_runs(e, &c->settings, &l) < 0)
		return -1;
	for (int i = l.count - 1; i >= 0; i--) {
		if (state_read(e, &c->settings, l.items[i], "result.json", &result) < 0)
			return -1;
		if (result) {
			json_set(status, "last", result);
			return 0;
		}
		if (!json_get(status, "unfinished"))
			json_set_str(status, "unfinished", l.items[i]);
	}
	return 0;
}

static int gather(struct err *e, const struct cli *c, struct json *status)
{
	CLEANUP(mem_freep) char *owner = NULL;
	CLEANUP(json_freep) struct json *committed = NULL;

	json_set(status, "engine", engine_part(c));
	if (state_is_locked(&c->settings, &owner))
		json_set_str(status, "running", owner);
	if (last_part(e, c, status) < 0 || state_last_committed(e, &c->settings, &committed) < 0)
		return -1;
	if (committed)
		json_set_str(status, "rollback_to", json_str(committed, "from"));
	return 0;
}

static void line(const char *name, const char *value)
{
	if (value)
		dprintf(STDOUT_FILENO, "%-12s %s\n", name, value);
}

static void print(const struct json *status)
{
	const struct json *engine = json_get(status, "engine"), *last = json_get(status, "last");
	const char *from = json_str(last, "from"), *to = json_str(last, "to");

	line("engine",
	     json_str(engine, "version") ? json_str(engine, "version") : json_str(engine, "error"));
	line("running", json_str(status, "running"));
	line("unfinished", json_str(status, "unfinished"));
	if (last)
		dprintf(STDOUT_FILENO, "%-12s %s: %s%s%s%s%s\n", "last run", json_str(last, "id"),
		        json_str(last, "outcome"), from ? ", " : "", from ? from : "",
		        to ? " -> " : "", to ? to : "");
	line("", json_str(last, "message"));
	line("rollback to", json_str(status, "rollback_to"));
}

int command_status(struct err *e, struct cli *c)
{
	CLEANUP(json_freep) struct json *status = json_object();

	if (settings_read(e, &c->settings) < 0 || gather(e, c, status) < 0)
		return -1;
	if (c->json)
		report_document(c, status);
	else
		print(status);
	return 0;
}
