/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cli/cli.h"

/* About the node: what is there, or a run on it. */
#define ON_HOST (OPTIONS_ALL | OPTIONS_PLACE)
#define ON_NODE (ON_HOST | OPTIONS_NODE)

const struct command commands[] = {
	{ "upgrade", "IMAGE", false, true,
	  ON_NODE | OPTIONS_IMAGE | OPTIONS_PROFILE | OPTIONS_HEALTH | OPTIONS_RUN,
	  "bring the node to the software in IMAGE, or leave it as it is", command_upgrade },
	{ "plan", "IMAGE", false, true, ON_NODE | OPTIONS_IMAGE | OPTIONS_PROFILE | OPTIONS_HEALTH,
	  "print what upgrade would do, and do nothing", command_plan },
	{ "check", "IMAGE", true, false, ON_NODE | OPTIONS_IMAGE | OPTIONS_PROFILE,
	  "does the node qualify (for IMAGE)?", command_check },
	{ "fetch", "IMAGE", false, true, ON_HOST | OPTIONS_IMAGE,
	  "download and verify IMAGE, so that upgrade need not", command_fetch },
	{ "save", "IMAGE FILE", false, false, OPTIONS_ALL | OPTIONS_IMAGE,
	  "write IMAGE with its signatures into an archive, for nodes without a network",
	  command_save },
	{ "status", NULL, false, false, ON_NODE, "what runs here, and how the last run ended",
	  command_status },
	{ "wait", NULL, false, false, ON_HOST | OPTIONS_WAIT,
	  "wait for the end of the last run; its exit status is that of the run", command_wait },
	{ "logs", NULL, false, false, ON_HOST | OPTIONS_LOGS, "what the last run told",
	  command_logs },
	{ "rollback", NULL, false, false, ON_NODE | OPTIONS_HEALTH | OPTIONS_RUN,
	  "go back to the software before the last run", command_rollback },
	{ "recover", NULL, false, false, ON_HOST | OPTIONS_RECOVER,
	  "finish or undo a run that was cut off", command_recover },
	{ "version", NULL, false, false, OPTIONS_ALL, "print the version of nodelift",
	  command_version },
	{ "help", "COMMAND", true, false, 0, "print this, or the options of COMMAND",
	  command_help },
	{ 0 },
};

const struct command *command_find(const char *name)
{
	for (const struct command *c = commands; c->name; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}
