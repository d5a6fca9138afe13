/* SPDX-License-Identifier: MIT */
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/report.h"
#include "cli/version.h"

#include <stdio.h>
#include <unistd.h>

int command_version(struct err *e, struct cli *c)
{
	CLEANUP(json_freep) struct json *o = NULL;

	(void)e;
	if (!c->json) {
		dprintf(STDOUT_FILENO, "nodelift %s\n", version_text);
		return 0;
	}
	o = json_object();
	json_set_str(o, "version", version_text);
	report_document(c, o);
	return 0;
}
