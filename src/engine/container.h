/* SPDX-License-Identifier: MIT */
/* container: one container of the engine: made, followed, ended. Docker Engine API, "Container". */
#ifndef ENGINE_CONTAINER_H
#define ENGINE_CONTAINER_H

#include "codec/json.h"
#include "engine/engine.h"

/* What the engine knows of it; NULL when it knows none of that id or name. */
int container_inspect(struct err *e, struct engine *g, const char *id, struct json **ret) MUST_USE;
/* `config` is the body of POST /containers/create. *ret_id: the caller frees. */
int container_create(struct err *e, struct engine *g, const char *name, const struct json *config,
                     char **ret_id) MUST_USE;
int container_signal(struct err *e, struct engine *g, const char *id, const char *signal) MUST_USE;
/*
 * Waits for its next end, however long that takes: also of one that was not started yet. waiting(), if
 * not NULL, is called when the engine has begun to wait. From API 1.30 on.
 */
int container_wait(struct err *e, struct engine *g, const char *id, void (*waiting)(void *ctx),
                   void *ctx, int *ret_status) MUST_USE;
/* Did it end by itself? It is gone, or exited with a status that is not one of a container that was
 * killed or lost (137, 255). False also when the engine does not say. */
bool container_ended(struct engine *g, const char *id);
/* Starts one that exists; that it runs already is no error. */
int container_start(struct err *e, struct engine *g, const char *id) MUST_USE;
/* Also when it runs; that there is none is no error. */
int container_remove(struct err *e, struct engine *g, const char *id) MUST_USE;

/* Where the output of a container goes. */
struct container_output {
	bool terminal; /* it has one: all is one stream */
	/* stream: 1 stdout, 2 stderr. */
	void (*take)(int stream, const void *data, size_t len, void *ctx);
	void *ctx;
	/* Bytes of each stream that were taken so far: a call after a broken one does not repeat them. */
	int64_t taken[3];
};

/* From its beginning on, behind what was taken already, until it ends or the engine goes away. */
int container_output(struct err *e, struct engine *g, const char *id,
                     struct container_output *o) MUST_USE;

#endif
