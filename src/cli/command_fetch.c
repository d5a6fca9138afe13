/* SPDX-License-Identifier: MIT */
#include "cli/job.h"

static int work(struct err *e, struct job *j, struct cli *c)
{
	return upgrade_fetch(e, j, c->argument);
}

int command_fetch(struct err *e, struct cli *c)
{
	return job_do(e, c, "fetch", work);
}
