/* SPDX-License-Identifier: MIT */
#include "engine/engine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "codec/json.h"
#include "engine/call.h"
#include "host/root.h"
#include "net/http.h"

#define API_OURS "1.47" /* the newest that this client was written for */
#define API_MAX 16      /* characters of a version of the API */
#define VERSION_MAX 64  /* characters of a version of the engine */

struct engine {
	struct http *http;
	char *socket;
	char api[API_MAX];
	char version[VERSION_MAX];
};

const char *engine_usual_socket(void)
{
	static const char *const usual[] = { "/run/docker.sock", "/var/run/docker.sock" };
	struct stat st;

	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (stat(usual[i], &st) == 0 && S_ISSOCK(st.st_mode))
			return usual[i];
	return NULL;
}

static int exchange(struct err *e, struct engine *g, const struct http_request *q,
                    struct http_response *ret)
{
	if (http_exchange(e, g->http, q, ret) == 0)
		return 0;
	e->code = ERR_PRECHECK;
	if (access(g->socket, R_OK | W_OK) < 0 && errno == EACCES)
		return err_set(e, ERR_PRECHECK, "no permission on the engine's socket '%s'%s",
		               g->socket,
		               root_users_are_mapped() ? ": users here are mapped to others "
		                                         "(docker run --userns=host)"
		                                       : "");
	return err_wrap(e, "the engine at '%s' does not answer", g->socket);
}

int engine_call(struct err *e, struct engine *g, const struct engine_call *c,
                struct http_response *ret)
{
	static const char *const json[] = { "Content-Type: application/json", NULL };
	CLEANUP(mem_freep) char *url = mem_printf("http://engine/v%s%s", g->api, c->path);
	CLEANUP(mem_freep) char *body = c->body ? json_print(c->body) : NULL;
	struct http_request q = { .method = c->method,
		                  .url = url,
		                  .unix_socket = g->socket,
		                  .headers = body ? json : NULL,
		                  .body = body,
		                  .body_len = body ? strlen(body) : 0,
		                  .timeout_ms = c->timeout_ms ? c->timeout_ms : ENGINE_TIMEOUT_MS,
		                  .body_max = ENGINE_ANSWER_MAX,
		                  .begin = c->begin,
		                  .ctx = c->ctx,
		                  .begin_early = c->begin_early };

	return exchange(e, g, &q, ret);
}

int engine_refusal(struct err *e, const struct engine *g, const struct engine_call *c,
                   const struct http_response *r)
{
	CLEANUP(json_freep) struct json *doc = NULL;
	const char *why;

	if (r->body.s && json_parse(e, ERR_PRECHECK, "answer", r->body.s, r->body.len, &doc) < 0)
		doc = NULL;
	why = json_str(doc, "message");
	return err_set(e, ERR_PRECHECK, "the engine at '%s' answers status %d to %.*s%s%s",
	               g->socket, r->status, (int)strcspn(c->path, "?"), c->path, why ? ": " : "",
	               why ? why : "");
}

int engine_get(struct err *e, struct engine *g, const char *path, struct json **ret)
{
	struct engine_call c = { .path = path };
	struct http_response r = { 0 };
	int failed = engine_call(e, g, &c, &r);

	if (!failed && r.status != 200)
		failed = engine_refusal(e, g, &c, &r);
	if (!failed)
		failed = json_parse(e, ERR_PRECHECK, "answer of the engine",
		                    r.body.s ? r.body.s : "", r.body.len, ret);
	http_response_release(&r);
	return failed;
}

int engine_inspect(struct err *e, struct engine *g, const char *path, struct json **ret)
{
	struct engine_call c = { .path = path };
	struct http_response r = { 0 };
	int failed = engine_call(e, g, &c, &r);

	*ret = NULL;
	if (!failed && r.status == 200)
		failed = json_parse(e, ERR_PRECHECK, "answer of the engine",
		                    r.body.s ? r.body.s : "", r.body.len, ret);
	else if (!failed && r.status != 404)
		failed = engine_refusal(e, g, &c, &r);
	http_response_release(&r);
	return failed;
}

/* "1.41" as 1041; 0 for anything else. */
static long api_number(const char *text)
{
	char *rest;
	long major = strtol(text, &rest, 10), minor;

	if (rest == text || *rest != '.')
		return 0;
	text = rest + 1;
	minor = strtol(text, &rest, 10);
	return rest == text || *rest || major < 1 || minor < 0 || minor > 999
	               ? 0
	               : major * 1000 + minor;
}

/* "Docker/26.1.5+dfsg1 (linux)" */
static void take_version(struct engine *g, const char *server)
{
	static const char product[] = "Docker/";

	if (str_starts(server, product)) {
		server += strlen(product);
		snprintf(g->version, sizeof(g->version), "%.*s", (int)strcspn(server, " "), server);
	}
}

static int take_ping(struct err *e, struct engine *g, const struct http_response *r)
{
	CLEANUP(str_release) struct str api = { 0 };
	CLEANUP(str_release) struct str server = { 0 };
	long theirs = http_header(r, "Api-Version", 0, &api) ? api_number(api.s) : 0;

	if (!theirs)
		return err_set(e, ERR_PRECHECK, "what answers at '%s' is not a container engine",
		               g->socket);
	snprintf(g->api, sizeof(g->api), "%s", theirs < api_number(API_OURS) ? api.s : API_OURS);
	if (http_header(r, "Server", 0, &server))
		take_version(g, server.s);
	return 0;
}

static int negotiate(struct err *e, struct engine *g, int64_t timeout_ms)
{
	struct http_request q = { .url = "http://engine/_ping",
		                  .unix_socket = g->socket,
		                  .timeout_ms = (int)timeout_ms };
	struct http_response r = { 0 };
	int failed = exchange(e, g, &q, &r) < 0 || take_ping(e, g, &r) < 0;

	http_response_release(&r);
	return failed ? -1 : 0;
}

int engine_open(struct err *e, const char *socket, int64_t timeout_ms, struct engine **ret)
{
	return engine_open_stoppable(e, socket, timeout_ms, NULL, NULL, ret);
}

int engine_open_stoppable(struct err *e, const char *socket, int64_t timeout_ms,
                          bool (*stop)(void *ctx), void *ctx, struct engine **ret)
{
	CLEANUP(engine_closep) struct engine *g = mem_alloc(sizeof(*g));
	struct http_options o = { .stop = stop, .ctx = ctx };

	g->socket = mem_dup(socket);
	if (http_open(e, &o, &g->http) < 0 || negotiate(e, g, timeout_ms) < 0)
		return -1;
	*ret = STEAL(g);
	return 0;
}

const char *engine_version(const struct engine *g)
{
	return g->version;
}

bool engine_speaks(const struct engine *g, const char *api)
{
	return api_number(g->api) >= api_number(api);
}

void engine_close(struct engine *g)
{
	if (!g)
		return;
	http_close(g->http);
	free(g->socket);
	free(g);
}

void engine_closep(struct engine **g)
{
	engine_close(*g);
}

static bool has_option(const struct json *options, const char *name)
{
	for (const struct json *o = json_first(options); o; o = json_next(o)) {
		const char *text = json_string(o);

		if (text && strstr(text, name))
			return true;
	}
	return false;
}

int engine_info(struct err *e, struct engine *g, struct engine_info *ret)
{
	static const struct json_reader r = { ERR_PRECHECK, "answer of the engine" };
	CLEANUP(json_freep) struct json *info = NULL;
	const char *version, *swarm, *system;

	if (engine_get(e, g, "/info", &info) < 0 ||
	    json_need_str(e, &r, info, "ServerVersion", &version) < 0)
		return -1;
	swarm = json_str(json_get(info, "Swarm"), "LocalNodeState");
	system = json_str(info, "OperatingSystem");
	*ret = (struct engine_info){
		.version = mem_dup(version),
		.live_restore = json_bool(info, "LiveRestoreEnabled", false),
		.rootless = has_option(json_get(info, "SecurityOptions"), "name=rootless"),
		.desktop = system && str_starts(system, "Docker Desktop"),
		.swarm = mem_dup(swarm ? swarm : "inactive"),
	};
	return 0;
}

void engine_info_release(struct engine_info *i)
{
	free(i->version);
	free(i->swarm);
	*i = (struct engine_info){ 0 };
}

void container_release(struct container *c)
{
	free(c->id);
	free(c->name);
	free(c->restart);
	*c = (struct container){ 0 };
}

void container_list_release(struct container_list *l)
{
	for (int i = 0; i < l->count; i++)
		container_release(&l->items[i]);
	free(l->items);
	*l = (struct container_list){ 0 };
}

int engine_running_ids(struct err *e, struct engine *g, struct container_list *ret)
{
	CLEANUP(json_freep) struct json *all = NULL;

	*ret = (struct container_list){ 0 };
	if (engine_get(e, g, "/containers/json", &all) < 0)
		return -1;
	ret->items = mem_alloc(sizeof(*ret->items) * (size_t)(json_length(all) + 1));
	for (const struct json *c = json_first(all); c; c = json_next(c)) {
		const char *id = json_str(c, "Id"), *state = json_str(c, "State");

		/* "restarting" is listed too: a container that starts and dies, again and again. */
		if (id && state && (strcmp(state, "running") == 0 || strcmp(state, "paused") == 0))
			ret->items[ret->count++].id = mem_dup(id);
	}
	return 0;
}

static int look_at(struct err *e, struct engine *g, struct container *c)
{
	CLEANUP(mem_freep) char *path = mem_printf("/containers/%s/json", c->id);
	CLEANUP(json_freep) struct json *doc = NULL;
	const char *name, *restart;
	const struct json *host;

	if (engine_get(e, g, path, &doc) < 0)
		return -1;
	name = json_str(doc, "Name");
	host = json_get(doc, "HostConfig");
	restart = json_str(json_get(host, "RestartPolicy"), "Name");
	c->name = mem_dup(!name ? c->id : name[0] == '/' ? name + 1 : name);
	c->restart = mem_dup(restart && *restart ? restart : "no");
	return 0;
}

int engine_running(struct err *e, struct engine *g, struct container_list *ret)
{
	if (engine_running_ids(e, g, ret) < 0)
		return -1;
	for (int i = 0; i < ret->count; i++) {
		if (look_at(e, g, &ret->items[i]) == 0)
			continue;
		container_list_release(ret);
		return -1;
	}
	return 0;
}
