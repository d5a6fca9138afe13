/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/cli.h"
#include "cli/place.h"
#include "cli/report.h"

static const struct command *choose(struct err *e, int argc, char **argv)
{
	const struct command *cmd;
	const char *name = argc > 1 ? argv[1] : "help";

	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
		name = "help";
	if (strcmp(name, "--version") == 0)
		name = "version";
	cmd = command_find(name);
	if (!cmd)
		err_set(e, ERR_USAGE, "unknown command '%s'; 'nodelift help' lists the commands",
		        name);
	return cmd;
}

/* Who starts us may have closed them: a journal must not become descriptor 1. */
static void open_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

int main(int argc, char **argv)
{
	struct cli c = { 0 };
	struct err e = { 0 };
	const struct command *cmd = choose(&e, argc, argv);
	int failed, status = 0;

	open_standard_descriptors();
	settings_init(&c.settings);
	c.timeout_ms = -1;
	failed = !cmd || options_parse(&e, cmd, argv + (argc > 1 ? 2 : 1), &c) < 0;
	if (!failed) {
		log_set_level(c.verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARN);
		interrupt_install();
		failed = place_run(&e, cmd, &c, argv + 2, &status) < 0;
	}
	if (failed)
		report_failure(&c, &e);
	settings_release(&c.settings);
	return failed ? err_table[e.code].status : status;
}
