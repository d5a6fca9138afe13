/* SPDX-License-Identifier: MIT */
/*
 * systemd: the units of this node, through systemctl(1).
 * Properties: org.freedesktop.systemd1(5).
 */
#ifndef HOST_SYSTEMD_H
#define HOST_SYSTEMD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

#define UNIT_TEXT_MAX 256

struct unit {
	char name[UNIT_TEXT_MAX];
	bool loaded;                /* there is such a unit, and it is not masked */
	char active[UNIT_TEXT_MAX]; /* ActiveState: "active", "activating", "failed", ... */
	char sub[UNIT_TEXT_MAX];    /* SubState: "running", "auto-restart", ... */
	pid_t main_pid;             /* 0: none */
	int restarts;               /* NRestarts: automatic ones since the last start by hand */
	char exec[4096];            /* the program of ExecStart=, "" when there is none */
};

/* Is systemd the init of this node? */
bool systemd_is_running(void);

/* And the init of this process, not only of a host whose /run is mounted here? */
bool systemd_is_our_init(void);

/* States of `count` units into ret[], in the order of the names. */
int systemd_query(struct err *e, const char *const *names, int count, struct unit *ret) MUST_USE;

/* Forget failed states and start limits, so that a start is not refused for those before it. */
int systemd_reset_failed(struct err *e, const char *const *names, int count) MUST_USE;
/*
 * Queues a restart of each, in this order, and returns at once; what is stopped is started. A unit
 * that is named before those it starts after is also stopped before them.
 */
int systemd_restart(struct err *e, const char *const *names, int count) MUST_USE;
/* Stops each, in this order as above, and waits for it. */
int systemd_stop(struct err *e, const char *const *names, int count, int64_t timeout_ms) MUST_USE;
/* SIGKILL to the main process of each, not to what it started: shims carry containers. */
int systemd_kill(struct err *e, const char *const *names, int count) MUST_USE;

#endif
