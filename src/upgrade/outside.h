/* SPDX-License-Identifier: MIT */
/*
 * outside: a command carried out on the host by a process of its own, which lives on when the
 * terminal, the connection or the container ends that it was asked for from. What it tells is told
 * again here while we are there to hear it.
 */
#ifndef UPGRADE_OUTSIDE_H
#define UPGRADE_OUTSIDE_H

#include <stdbool.h>

#include "host/transient.h"
#include "upgrade/event.h"
#include "upgrade/settings.h"

struct outside {
	const struct settings *settings;
	struct events *events;
	const char *command;
	const char *const *words;  /* behind the command, NULL-terminated */
	const struct json *bundle; /* upgrade/bundle.h */
	bool detach;               /* leave when it is a run that can be followed */
	enum transient_wish (*wish)(void *ctx);
	/* What it writes to stderr, which is not made of events. */
	void (*complain)(const char *data, size_t len);
};

/*
 * *ret is the result of the command, good or bad. ERR_DETACHED when it was left: it goes on.
 * ERR_PRECHECK when it could not be started.
 */
int outside_run(struct err *e, const struct outside *o, struct json **ret) MUST_USE;

#endif
