/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <stddef.h>

#include "cli/cli.h"

static volatile sig_atomic_t asked;

static void on_signal(int number)
{
	asked = number;
}

void interrupt_install(void)
{
	struct sigaction ask = { .sa_handler = on_signal }, ignore = { .sa_handler = SIG_IGN };

	/* Inherited as ignored, it would hide how the programs ended that we start. */
	signal(SIGCHLD, SIG_DFL);
	sigaction(SIGINT, &ask, NULL);
	sigaction(SIGTERM, &ask, NULL);
	/* A terminal that was closed or a reader that went away does not stop an upgrade. */
	sigaction(SIGHUP, &ignore, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
}

int interrupt_signal(void)
{
	return asked;
}

const char *interrupt_reason(void)
{
	switch (asked) {
	case SIGINT:
		return "interrupted by SIGINT";
	case SIGTERM:
		return "interrupted by SIGTERM";
	default:
		return NULL;
	}
}
