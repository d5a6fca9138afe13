/* SPDX-License-Identifier: MIT */
/* node: what is on this machine now: its engine, units, and where their programs are. */
#ifndef UPGRADE_NODE_H
#define UPGRADE_NODE_H

#include "engine/engine.h"
#include "host/systemd.h"
#include "upgrade/profile.h"
#include "upgrade/settings.h"

struct node {
	char *socket;
	struct engine_info engine;
	struct container_list running;
	struct unit *units; /* that were looked up and are there, in start order */
	int unit_count;
	char *search_path; /* where the engine finds programs: "/usr/sbin:/usr/bin" */
};

/* Is this a node that can be upgraded at all? As far as a look tells: root, systemd, a socket. */
int node_qualifies(struct err *e, const struct settings *s) MUST_USE;
/* The same, and an engine that answers and is not rootless. ERR_PRECHECK otherwise. */
int node_open(struct err *e, const struct settings *s, struct node **ret) MUST_USE;
/* Those of the named units that the node has, and the search path of the last one's process.
 * ERR_PRECHECK when it has none of them, one is not active, or the engine is another process. */
int node_look_up_units(struct err *e, struct node *n, const char *const *names, int count) MUST_USE;
void node_free(struct node *n);
void node_freep(struct node **n); /* for CLEANUP */

/* The unit of that name, NULL when the node does not have it. */
const struct unit *node_unit(const struct node *n, const char *name);

/*
 * Where a file of the profile belongs on this node. Links are followed to the file behind them.
 * `from` is its name in the image. The caller frees *ret.
 */
int node_locate(struct err *e, const struct node *n, const struct profile_file *f, const char *from,
                char **ret) MUST_USE;

/* Does its restart policy bring it back whenever the engine starts? */
bool node_returns(const struct container *c);
/* Will this container run after the engine was restarted? Or, with live-restore, run on? */
bool node_expects(const struct node *n, const struct container *c);

#endif
