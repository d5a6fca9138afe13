/* SPDX-License-Identifier: MIT */
/*
 * engine: what the container engine of this node says of itself, over its Unix socket.
 * Protocol: Docker Engine API; the version is negotiated at engine_open() from /_ping
 * ("Api-Version"): the lower of the engine's and ours.
 */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct engine;

#define ENGINE_TIMEOUT_MS \
	30000 /* of one request, where nobody is waiting for the engine to start */

/* The socket this node's engine listens on, of those that are usual; NULL when there is none. */
const char *engine_usual_socket(void);

/* ERR_PRECHECK when nothing answers at `socket` within timeout_ms or it is no engine. */
int engine_open(struct err *e, const char *socket, int64_t timeout_ms,
                struct engine **ret) MUST_USE;
/* The same; stop() is asked several times a second while a request waits, and true breaks it off. */
int engine_open_stoppable(struct err *e, const char *socket, int64_t timeout_ms,
                          bool (*stop)(void *ctx), void *ctx, struct engine **ret) MUST_USE;
void engine_close(struct engine *g);
void engine_closep(struct engine **g); /* for CLEANUP */

/* What the engine says it is in its first answer (the Server header of /_ping): "26.1.5+dfsg1", ""
 * when it does not say. Costs nothing, unlike /info and /version, which run programs. */
const char *engine_version(const struct engine *g);

/* Is the negotiated API this version ("1.30") or a later one? */
bool engine_speaks(const struct engine *g, const char *api);

struct engine_info {
	char *version;     /* of the daemon: "20.10.24+dfsg1" */
	bool live_restore; /* containers run on while the daemon is away */
	bool rootless;
	bool desktop; /* Docker Desktop: the node is a virtual machine of its own making */
	char *swarm;  /* LocalNodeState: "inactive", "active", ... */
};
int engine_info(struct err *e, struct engine *g, struct engine_info *ret) MUST_USE;
void engine_info_release(struct engine_info *i);

struct container {
	char *id;
	char *name;    /* without the leading '/' */
	char *restart; /* policy: "no", "always", "unless-stopped", "on-failure" */
};
struct container_list {
	struct container *items;
	int count;
};
/* Those that run now, with what has to be known of each. */
int engine_running(struct err *e, struct engine *g, struct container_list *ret) MUST_USE;
/* The same in one request: only the identifiers are filled in. */
int engine_running_ids(struct err *e, struct engine *g, struct container_list *ret) MUST_USE;
void container_release(struct container *c);
void container_list_release(struct container_list *l);

#endif
