/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cli/perform.h"

static int work(struct err *e, struct job *j, struct cli *c)
{
	return upgrade_save(e, j, c->file);
}

int command_save(struct err *e, struct cli *c)
{
	if (!c->file)
		return err_set(e, ERR_USAGE, "'nodelift save' needs IMAGE FILE");
	if (c->json && strcmp(c->file, "-") == 0)
		return err_set(
			e, ERR_USAGE,
			"--json and the archive cannot both go to standard output: name a file");
	return perform(e, c, "save", work);
}
