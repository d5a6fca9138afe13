/* SPDX-License-Identifier: MIT */
/*
 * health: is this node what it should be? Described by
 *
 *	{"socket": "/run/docker.sock",             the engine answers there
 *	 "version": "26.1.5",                      and says that it is this version
 *	 "units": [{"name": "docker.service",      the unit is active, and its process runs
 *	            "program": "/usr/sbin/dockerd"}],  the file that is at this path now
 *	 "swarm": "inactive",                       its part in a swarm, LocalNodeState
 *	 "containers": [{"id": "...", "name": "web", these run; one that does not return with the
 *	                 "returns": true}],         engine by itself may also have ended by itself
 *	 "timeout_ms": 120000, "soak_ms": 10000}
 */
#ifndef UPGRADE_HEALTH_H
#define UPGRADE_HEALTH_H

#include "codec/json.h"
#include "upgrade/node.h"
#include "upgrade/run.h"

/* Waits until all of it is true, at most timeout_ms; sooner when it cannot become true. Then, if
 * `soak`, it must stay true for soak_ms: same processes, no automatic restart. */
int health_wait(struct err *e, struct run *r, const struct json *want, bool soak) MUST_USE;

/* Is there a unit that is not active or whose process is not its program's file? */
int health_is_stale(struct err *e, const struct json *want, bool *ret) MUST_USE;

#endif
