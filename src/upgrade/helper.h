/* SPDX-License-Identifier: MIT */
/*
 * helper: a command given to a container that has nothing but the engine's socket. The engine is asked
 * for a second container of the same image, which may enter the host and carries the command out there
 * (upgrade/outside.h); what that one says is ours. The engine removes it when it ends.
 */
#ifndef UPGRADE_HELPER_H
#define UPGRADE_HELPER_H

#include "upgrade/inside.h"

struct helper_request {
	const char *command;
	const char *const *words; /* behind the command, NULL-terminated, without --socket */
	bool terminal;            /* our stderr is one */
	bool is_run;              /* its result can be asked for later: upgrade/state.h */
	/* Output of the command; stream 1: stdout, 2: stderr. */
	void (*take)(int stream, const void *data, size_t len, void *ctx);
	/* The signal that was caught, 0: none. SIGINT goes to the command, any other makes us leave. */
	int (*signal)(void);
};

/*
 * The command's exit status. ERR_DETACHED when it goes on without us. ERR_PRECHECK when the engine
 * refuses, or is none that can be replaced from here.
 */
int helper_run(struct err *e, const struct inside *i, const struct helper_request *q,
               int *ret_status) MUST_USE;

#endif
