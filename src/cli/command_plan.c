/* SPDX-License-Identifier: MIT */
#include "base/mem.h"
#include "cli/perform.h"
#include "cli/report.h"

static int work(struct err *e, struct job *j, struct cli *c)
{
	CLEANUP(json_freep) struct json *plan = NULL;

	if (upgrade_plan(e, j, &plan) < 0)
		return -1;
	if (plan)
		report_document(c, plan);
	return 0;
}

int command_plan(struct err *e, struct cli *c)
{
	return perform(e, c, "plan", work);
}
