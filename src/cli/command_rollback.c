/* SPDX-License-Identifier: MIT */
#include "cli/perform.h"

static int work(struct err *e, struct job *j, struct cli *c)
{
	(void)c;
	return upgrade_rollback(e, j);
}

int command_rollback(struct err *e, struct cli *c)
{
	return perform(e, c, "rollback", work);
}
