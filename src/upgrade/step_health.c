/* SPDX-License-Identifier: MIT */
/*
 * health: the node must be what health.h describes, and stay so for the soak time.
 *
 *	as in health.h
 */
#include "upgrade/health.h"
#include "upgrade/run.h"

static int apply(struct err *e, const struct json *args, void *ctx)
{
	return health_wait(e, ctx, args, true);
}

const struct step_kind step_health = { .name = "health", .apply = apply };
