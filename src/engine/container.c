/* SPDX-License-Identifier: MIT */
#include "engine/container.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/call.h"

int container_inspect(struct err *e, struct engine *g, const char *id, struct json **ret)
{
	CLEANUP(mem_freep) char *path = mem_printf("/containers/%s/json", id);

	return engine_inspect(e, g, path, ret);
}

bool container_ended(struct engine *g, const char *id)
{
	CLEANUP(json_freep) struct json *doc = NULL;
	const struct json *state;
	const char *status;
	int64_t code;
	struct err e;

	if (container_inspect(&e, g, id, &doc) < 0)
		return false;
	if (!doc)
		return true;
	state = json_get(doc, "State");
	status = json_str(state, "Status");
	code = json_int(state, "ExitCode", 255);
	return status && strcmp(status, "exited") == 0 && code != 137 && code != 255;
}

int container_create(struct err *e, struct engine *g, const char *name, const struct json *config,
                     char **ret_id)
{
	CLEANUP(mem_freep) char *path = mem_printf("/containers/create?name=%s", name);
	CLEANUP(json_freep) struct json *doc = NULL;
	struct engine_call c = { .method = "POST", .path = path, .body = config };
	struct http_response r = { 0 };
	int failed = engine_call(e, g, &c, &r);

	if (!failed && r.status != 201)
		failed = engine_refusal(e, g, &c, &r);
	if (!failed)
		failed = json_parse(e, ERR_PRECHECK, "answer of the engine",
		                    r.body.s ? r.body.s : "", r.body.len, &doc);
	http_response_release(&r);
	if (failed)
		return -1;
	if (!json_str(doc, "Id"))
		return err_set(e, ERR_PRECHECK, "the engine does not say which container it made");
	*ret_id = mem_dup(json_str(doc, "Id"));
	return 0;
}

/* A request whose answer is only a status: 204, or one more that is as good. */
static int order(struct err *e, struct engine *g, const char *method, const char *path,
                 int also_good)
{
	struct engine_call c = { .method = method, .path = path };
	struct http_response r = { 0 };
	int failed = engine_call(e, g, &c, &r);

	if (!failed && r.status != 204 && r.status != also_good)
		failed = engine_refusal(e, g, &c, &r);
	http_response_release(&r);
	return failed;
}

int container_start(struct err *e, struct engine *g, const char *id)
{
	CLEANUP(mem_freep) char *path = mem_printf("/containers/%s/start", id);

	return order(e, g, "POST", path, 304);
}

int container_signal(struct err *e, struct engine *g, const char *id, const char *signal)
{
	CLEANUP(mem_freep)
	char *path = mem_printf("/containers/%s/kill?signal=%s", id, signal);

	return order(e, g, "POST", path, 204);
}

int container_remove(struct err *e, struct engine *g, const char *id)
{
	CLEANUP(mem_freep) char *path = mem_printf("/containers/%s?force=1&v=1", id);

	return order(e, g, "DELETE", path, 404);
}

struct waiting {
	void (*tell)(void *ctx);
	void *ctx;
};

static int begin_waiting(struct err *e, const struct http_response *r, void *ctx,
                         struct sink **ret_to)
{
	const struct waiting *w = ctx;

	(void)e;
	(void)ret_to;
	if (w->tell && r->status == 200)
		w->tell(w->ctx);
	return 0;
}

int container_wait(struct err *e, struct engine *g, const char *id, void (*waiting)(void *ctx),
                   void *ctx, int *ret_status)
{
	CLEANUP(mem_freep)
	char *path = mem_printf("/containers/%s/wait?condition=next-exit", id);
	CLEANUP(json_freep) struct json *doc = NULL;
	struct waiting w = { waiting, ctx };
	struct engine_call c = { .method = "POST",
		                 .path = path,
		                 .timeout_ms = -1,
		                 .begin = begin_waiting,
		                 .ctx = &w,
		                 .begin_early = true };
	struct http_response r = { 0 };
	int failed = engine_call(e, g, &c, &r);
	int64_t status;

	if (!failed && r.status != 200)
		failed = engine_refusal(e, g, &c, &r);
	if (!failed && r.body.s)
		failed = json_parse(e, ERR_PRECHECK, "answer of the engine", r.body.s, r.body.len,
		                    &doc);
	http_response_release(&r);
	if (failed)
		return -1;
	status = json_int(doc, "StatusCode", -1);
	if (status < 0)
		return err_set(e, ERR_PRECHECK, "the engine does not say how the container ended");
	*ret_status = (int)status;
	return 0;
}

/* ---- output ---- */

/* Without a terminal each piece has a header: stream, three zeroes, length (big-endian). */
#define HEADER_SIZE 8

struct output_sink {
	struct sink sink;
	struct container_output *o;
	int64_t seen[3]; /* of this call */
	unsigned char header[HEADER_SIZE];
	size_t header_len;
	size_t left; /* of the piece */
};

static void give(struct output_sink *s, int stream, const unsigned char *data, size_t len)
{
	int64_t skip = s->o->taken[stream] - s->seen[stream];

	s->seen[stream] += (int64_t)len;
	if (skip >= (int64_t)len)
		return;
	if (skip < 0)
		skip = 0;
	s->o->take(stream, data + skip, len - (size_t)skip, s->o->ctx);
	s->o->taken[stream] = s->seen[stream];
}

static int output_write(struct err *e, struct sink *sink, const void *data, size_t len)
{
	struct output_sink *s = (struct output_sink *)(void *)sink;
	const unsigned char *p = data, *end = p + len;

	(void)e;
	if (s->o->terminal) {
		give(s, 1, p, len);
		return 0;
	}
	while (p < end) {
		size_t have = (size_t)(end - p), n;

		if (s->left) {
			n = have < s->left ? have : s->left;
			give(s, s->header[0] == 2 ? 2 : 1, p, n);
			s->left -= n;
		} else {
			n = HEADER_SIZE - s->header_len;
			n = have < n ? have : n;
			memcpy(s->header + s->header_len, p, n);
			s->header_len += n;
			if (s->header_len == HEADER_SIZE) {
				s->left = (size_t)s->header[4] << 24 | (size_t)s->header[5] << 16 |
				          (size_t)s->header[6] << 8 | s->header[7];
				s->header_len = 0;
			}
		}
		p += n;
	}
	return 0;
}

static int begin_output(struct err *e, const struct http_response *r, void *ctx,
                        struct sink **ret_to)
{
	struct output_sink *s = ctx;

	(void)e;
	if (r->status == 200)
		*ret_to = &s->sink;
	return 0;
}

int container_output(struct err *e, struct engine *g, const char *id, struct container_output *o)
{
	static const struct sink_ops ops = { .write = output_write };
	CLEANUP(mem_freep)
	char *path = mem_printf("/containers/%s/logs?follow=1&stdout=1&stderr=1", id);
	struct output_sink s = { .sink = { &ops }, .o = o };
	struct engine_call c = { .path = path, .timeout_ms = -1, .begin = begin_output, .ctx = &s };
	struct http_response r = { 0 };
	int failed = engine_call(e, g, &c, &r);

	if (!failed && r.status != 200)
		failed = engine_refusal(e, g, &c, &r);
	http_response_release(&r);
	return failed;
}
