/* SPDX-License-Identifier: MIT */
/*
 * restart: have systemd run the files that are there now. Described by
 *
 *	{"units": ["containerd.service", "docker.service"],  in their start order
 *	 "stop_timeout_ms": 180000}
 *
 * All are restarted, none is stopped first: a client at docker.socket then waits in its queue
 * instead of starting the old engine in between, and the socket that containers have mounted stays.
 * systemctl asks for one unit after the other, so the last to start must come first. Otherwise
 * containerd is gone when dockerd wants to stop its containers through it, and dockerd waits
 * 15 s for what nobody can do any more.
 */
#ifndef UPGRADE_RESTART_H
#define UPGRADE_RESTART_H

#include <stdint.h>

#include "codec/json.h"

/*
 * Returns when the processes from before are gone; that the new ones are well is for
 * health_wait(). *ret_down_at is when it began, clock_ms(). What does not stop in time is killed.
 */
int restart_units(struct err *e, const struct json *args, int64_t *ret_down_at) MUST_USE;

/* Only the stop. What does not stop in time is killed. */
int restart_stop(struct err *e, const struct json *args, int64_t timeout_ms) MUST_USE;

#endif
