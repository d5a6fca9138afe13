/* SPDX-License-Identifier: MIT */
#include "base/mem.h"
#include "cli/perform.h"

static int work(struct err *e, struct job *j, struct cli *c)
{
	CLEANUP(json_freep) struct json *plan = NULL;

	return c->argument ? upgrade_plan(e, j, &plan) : upgrade_check_node(e, j);
}

int command_check(struct err *e, struct cli *c)
{
	return perform(e, c, "check", work);
}
