/* SPDX-License-Identifier: MIT */
/*
 * restart: the units start what is at their programs' paths now.
 *
 *	{"units": ["containerd.service", "docker.service"], "stop_timeout_ms": 180000}
 *
 * All are restarted in one transaction of systemd, which stops and starts them in their own order
 * and keeps a client at docker.socket waiting meanwhile instead of letting it start the old
 * engine in between. To go back, `baseline` restarts what then does not run its file.
 */
#include "upgrade/restart.h"
#include "upgrade/run.h"

#include "base/clock.h"
#include "base/mem.h"

static int apply(struct err *e, const struct json *args, void *ctx)
{
	const struct json *list = json_get(args, "units");
	CLEANUP(mem_freep) const char **units = NULL;
	struct run *r = ctx;
	int count = 0;

	units = mem_alloc(sizeof(*units) * (size_t)(json_length(list) + 1));
	for (const struct json *u = json_first(list); u; u = json_next(u))
		units[count++] = json_string(u);
	r->healthy_at = 0;
	return restart_units(e, units, count, json_int(args, "stop_timeout_ms", 0), &r->down_at);
}

const struct step_kind step_restart = { .name = "restart", .disturbs = true, .apply = apply };
