/* SPDX-License-Identifier: MIT */
/* call: one request to the engine, for the files of this folder. */
#ifndef ENGINE_CALL_H
#define ENGINE_CALL_H

#include "codec/json.h"
#include "engine/engine.h"
#include "net/http.h"

#define ENGINE_ANSWER_MAX (8 << 20) /* bytes: a node with thousands of containers */

struct engine_call {
	const char *method; /* NULL: GET */
	const char *path;   /* below the negotiated version: "/info" */
	const struct json *body;
	int timeout_ms; /* 0: ENGINE_TIMEOUT_MS, -1: wait for ever */
	/* As in struct http_request. */
	int (*begin)(struct err *e, const struct http_response *r, void *ctx, struct sink **ret_to);
	void *ctx;
	bool begin_early;
};

/* 0 when the engine answered, whatever its status. ERR_PRECHECK otherwise. */
int engine_call(struct err *e, struct engine *g, const struct engine_call *c,
                struct http_response *ret) MUST_USE;
/* What the engine says of a request that it refused: "status 403: authorization denied by plugin". */
int engine_refusal(struct err *e, const struct engine *g, const struct engine_call *c,
                   const struct http_response *r) MUST_USE;
/* GET of a JSON document. An answer that is not 200 is an error. */
int engine_get(struct err *e, struct engine *g, const char *path, struct json **ret) MUST_USE;
/* The same where there may be no such thing: then *ret is NULL. */
int engine_inspect(struct err *e, struct engine *g, const char *path, struct json **ret) MUST_USE;

#endif
