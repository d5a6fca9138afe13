/* SPDX-License-Identifier: MIT */
/*
 * transient: a program as a unit of its own, which nothing that happens to us or to whatever we are in
 * can end. By systemd-run(1).
 */
#ifndef HOST_TRANSIENT_H
#define HOST_TRANSIENT_H

#include <stddef.h>

#include "base/err.h"

enum transient_wish {
	TRANSIENT_GO_ON,
	TRANSIENT_INTERRUPT, /* SIGINT for the program, once; then go on */
	TRANSIENT_LEAVE,     /* it goes on without us */
};

struct transient {
	const char *unit; /* "nodelift-7.service" */
	const char *description;
	const char *const *argv; /* NULL-terminated, argv[0] is a path */
	const void *input;       /* its stdin */
	size_t input_len;
	/* What it writes; stream 1: stdout, 2: stderr. It holds nothing of ours that could outlive us: an
	 * engine takes a container for running while anybody has its output open. */
	void (*output)(int stream, const char *data, size_t len, void *ctx);
	enum transient_wish (*wish)(void *ctx); /* asked ten times a second */
	void *ctx;
};

/*
 * Until the program has ended, or wish() says to leave it: *ret_status is then -1, otherwise what it
 * ended with (255 where a signal killed it). ERR_PRECHECK when it could not be started.
 */
int transient_run(struct err *e, const struct transient *t, int *ret_status) MUST_USE;

#endif
