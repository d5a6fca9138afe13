/* SPDX-License-Identifier: MIT */
#include "cli/perform.h"
#include "os/file.h"

static int work(struct err *e, struct job *j, struct cli *c)
{
	(void)e;
	(void)c;
	job_tell_recovered(j);
	return 0;
}

int command_recover(struct err *e, struct cli *c)
{
	/* At every boot of a node that was never upgraded: leave no trace. */
	if (!file_exists(c->settings.state_dir))
		return 0;
	return perform(e, c, "recover", work);
}
