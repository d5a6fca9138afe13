/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <unistd.h>

#include "cli/cli.h"

static void print_option(const char *name, const char *value, const char *help)
{
	char left[64];

	snprintf(left, sizeof(left), "%s%s%s", name, value ? " " : "", value ? value : "");
	dprintf(STDOUT_FILENO, "  %-24s %s\n", left, help);
}

static void print_usage(const struct command *c)
{
	dprintf(STDOUT_FILENO, "usage: nodelift %s%s%s%s%s%s\n\n%s\n", c->name,
	        c->options ? " [OPTIONS]" : "", c->argument ? " " : "",
	        c->argument_optional ? "[" : "", c->argument ? c->argument : "",
	        c->argument_optional ? "]" : "", c->summary);
	if (c->options)
		dprintf(STDOUT_FILENO, "\noptions:\n");
	options_each(c->options, print_option);
}

static void print_all(void)
{
	dprintf(STDOUT_FILENO,
	        "nodelift upgrades the software of a container node as one transaction.\n\n"
	        "usage: nodelift COMMAND [OPTIONS] [IMAGE]\n\ncommands:\n");
	for (const struct command *c = commands; c->name; c++)
		dprintf(STDOUT_FILENO, "  %-10s %s\n", c->name, c->summary);
	dprintf(STDOUT_FILENO, "\nexit status:\n");
	for (int i = 0; i < ERR_CODES; i++)
		dprintf(STDOUT_FILENO, "  %2d  %-12s %s\n", err_table[i].status, err_table[i].name,
		        err_table[i].meaning);
	dprintf(STDOUT_FILENO, "\n'nodelift help COMMAND' prints the options of a command.\n");
}

int command_help(struct err *e, struct cli *c)
{
	const struct command *cmd;

	if (!c->argument) {
		print_all();
		return 0;
	}
	cmd = command_find(c->argument);
	if (!cmd)
		return err_set(e, ERR_USAGE,
		               "unknown command '%s'; 'nodelift help' lists the commands",
		               c->argument);
	print_usage(cmd);
	return 0;
}
