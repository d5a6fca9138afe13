/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cli/cli.h"

#define RUNS (OPTIONS_ALL | OPTIONS_NODE)

const struct command commands[] = {
	{ "upgrade", "IMAGE", false, RUNS | OPTIONS_IMAGE | OPTIONS_PROFILE | OPTIONS_HEALTH,
	  "bring the node to the software in IMAGE, or leave it as it is", command_upgrade },
	{ "plan", "IMAGE", false, RUNS | OPTIONS_IMAGE | OPTIONS_PROFILE | OPTIONS_HEALTH,
	  "print what upgrade would do, and do nothing", command_plan },
	{ "check", "IMAGE", true, RUNS | OPTIONS_IMAGE | OPTIONS_PROFILE,
	  "does the node qualify (for IMAGE)?", command_check },
	{ "fetch", "IMAGE", false, OPTIONS_ALL | OPTIONS_IMAGE,
	  "download and verify IMAGE, so that upgrade need not", command_fetch },
	{ "status", NULL, false, RUNS, "what runs here, and how the last run ended",
	  command_status },
	{ "rollback", NULL, false, RUNS | OPTIONS_HEALTH,
	  "go back to the software before the last run", command_rollback },
	{ "recover", NULL, false, OPTIONS_ALL | OPTIONS_RECOVER,
	  "finish or undo a run that was cut off", command_recover },
	{ "version", NULL, false, OPTIONS_ALL, "print the version of nodelift", command_version },
	{ "help", "COMMAND", true, 0, "print this, or the options of COMMAND", command_help },
	{ 0 },
};

const struct command *command_find(const char *name)
{
	for (const struct command *c = commands; c->name; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}
