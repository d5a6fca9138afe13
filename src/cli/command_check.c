/* SPDX-License-Identifier: MIT */
#include "cli/perform.h"

static int work(struct err *e, struct job *j, struct cli *c)
{
	return c->argument ? upgrade_check(e, j) : upgrade_check_node(e, j);
}

int command_check(struct err *e, struct cli *c)
{
	return perform(e, c, "check", work);
}
