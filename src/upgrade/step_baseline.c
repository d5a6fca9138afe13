/* SPDX-License-Identifier: MIT */
/*
 * baseline: what the node is like before it is disturbed, and where the way back ends.
 *
 *	{"health": as in health.h, for the node as it is now,
 *	 "restart": as in restart.h}
 *
 * Nothing is applied. Undone after the files are back in place: when a unit does not run its own
 * program all are restarted, and the node is examined as thoroughly as after an upgrade.
 */
#include "upgrade/health.h"
#include "upgrade/restart.h"
#include "upgrade/run.h"

static int undo(struct err *e, const struct json *args, void *ctx)
{
	const struct json *want = json_get(args, "health");
	struct run *r = ctx;
	int64_t down_at;
	bool stale;

	if (r->offline)
		return 0;
	r->undoing = true;
	if (health_is_stale(e, want, &stale) < 0)
		return -1;
	if (stale && restart_units(e, json_get(args, "restart"), &down_at) < 0)
		return -1;
	if (stale && !r->down_at)
		r->down_at = down_at;
	r->healthy_at = 0;
	return health_wait(e, r, want, stale);
}

const struct step_kind step_baseline = { .name = "baseline", .undo = undo };
