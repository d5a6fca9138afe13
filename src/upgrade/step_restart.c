/* SPDX-License-Identifier: MIT */
/*
 * restart: the units start what is at their programs' paths now.
 *
 *	as in restart.h; "undo_timeout_ms": how long a bad engine may take to stop
 *
 * Undo stops them, so that a bad engine does no more harm while the old files come back;
 * `baseline` starts the old one then.
 */
#include "base/log.h"
#include "upgrade/restart.h"
#include "upgrade/run.h"

static int apply(struct err *e, const struct json *args, void *ctx)
{
	struct run *r = ctx;

	r->healthy_at = 0;
	return restart_units(e, args, &r->down_at);
}

static int undo(struct err *e, const struct json *args, void *ctx)
{
	struct run *r = ctx;

	if (r->offline)
		return 0;
	/* Not to be stopped is no reason to leave the files as they are: the baseline decides. */
	if (restart_stop(e, args, json_int(args, "undo_timeout_ms", 0)) < 0)
		log_warn("%s", e->msg);
	return 0;
}

const struct step_kind step_restart = {
	.name = "restart", .disturbs = true, .apply = apply, .undo = undo
};
