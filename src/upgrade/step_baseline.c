/* SPDX-License-Identifier: MIT */
/*
 * baseline: what the node is like before it is disturbed, and where the way back ends.
 *
 *	as in health.h, for the node as it is now; "stop_timeout_ms" as in step_restart.c
 *
 * Nothing is applied. Undone after the files are back in place: units that do not run their own
 * program are restarted, and the node is examined as thoroughly as after an upgrade.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "upgrade/health.h"
#include "upgrade/restart.h"
#include "upgrade/run.h"

static int undo(struct err *e, const struct json *args, void *ctx)
{
	CLEANUP(mem_freep) const char **stale = NULL;
	struct run *r = ctx;
	int64_t down_at;
	int count;

	if (r->offline)
		return 0;
	r->undoing = true;
	if (health_stale_units(e, args, &stale, &count) < 0)
		return -1;
	if (count && restart_units(e, stale, count, json_int(args, "stop_timeout_ms", 0), &down_at) < 0)
		return -1;
	if (count && !r->down_at)
		r->down_at = down_at;
	r->healthy_at = 0;
	return health_wait(e, r, args, count > 0);
}

const struct step_kind step_baseline = { .name = "baseline", .undo = undo };
