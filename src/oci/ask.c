/* SPDX-License-Identifier: MIT */
#include "oci/ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "codec/json.h"
#include "net/url.h"

#define CODE_MAX 64 /* characters of a registry's error code */

/* ---- one server ---- */

char *server_url(const struct server *s, const char *path)
{
	CLEANUP(str_release) struct str ns = { 0 };

	if (!s->endpoint->ns)
		return mem_printf("%s/%s", s->base, path);
	url_add_query(&ns, "ns", s->endpoint->ns);
	return mem_printf("%s/%s%c%s", s->base, path, strchr(path, '?') ? '&' : '?', ns.s);
}

char *server_blob_url(const struct server *s, const struct digest *d)
{
	CLEANUP(mem_freep) char *path = NULL;
	char name[DIGEST_TEXT_MAX];

	digest_format(d, name);
	path = mem_printf("blobs/%s", name);
	return server_url(s, path);
}

bool server_is_worth_waiting(const struct server *s, bool last)
{
	return last || s->served;
}

int server_connect_ms(const struct server *s, bool last)
{
	if (s->endpoint->connect_ms)
		return s->endpoint->connect_ms;
	return server_is_worth_waiting(s, last) ? 0 : ENDPOINT_CONNECT_MS;
}

static int exchange(struct err *e, struct server *s, struct http *h, struct http_request *q,
                    struct http_response *ret)
{
	int failed = http_exchange(e, h, q, ret);

	if (failed == 0 || ret->status)
		s->answered = true;
	if (failed == 0 && (ret->status == 200 || ret->status == 206))
		s->served = true;
	return failed;
}

int server_ask(struct err *e, struct server *s, struct http *h, struct http_request *q,
               struct http_response *ret)
{
	q->origin_headers = (const char *const *)s->endpoint->headers;
	for (bool renewed = false;; renewed = true) {
		CLEANUP(mem_freep) char *authorization = NULL;
		int failed;

		*ret = (struct http_response){ 0 };
		if (auth_header(e, s->auth, h, &authorization) < 0)
			return -1;
		q->authorization = authorization ? authorization : s->endpoint->authorization;
		failed = exchange(e, s, h, q, ret);
		q->authorization = NULL;
		if (failed < 0 || ret->status != 401 || renewed)
			return failed;
		failed = auth_answer(e, s->auth, h, ret, authorization);
		http_response_release(ret);
		if (failed < 0) {
			*ret = (struct http_response){ .status = 401 };
			return -1;
		}
	}
}

/* ---- one after the other ---- */

static bool may_be_asked(const struct registry *r, const struct endpoint *p, enum want want)
{
	if (want == WANT_CONTENT)
		return p->pull;
	return p->resolve && (p->origin || !r->signed_required);
}

bool server_is_expendable(const struct registry *r, int i)
{
	return !r->endpoints.items[i].origin ||
	       (i + 1 < r->endpoints.count && r->endpoints.items[i + 1].fallback);
}

/* The first from the i-th on that is to be asked; -1: none. */
static int next_server(const struct registry *r, enum want want, int i)
{
	for (; i < r->endpoints.count; i++) {
		const struct endpoint *p = &r->endpoints.items[i];
		const struct server *s = &r->servers[i];

		if (!may_be_asked(r, p, want) || (p->fallback && r->servers[i - 1].answered))
			continue;
		if (!s->down || !server_is_expendable(r, i))
			return i;
	}
	return -1;
}

/* The last error, and which one of another host came before. */
static int tell(struct err *e, const struct err *before, const char *host)
{
	struct err last = *e;

	if (before->code == ERR_NONE)
		return -1;
	err_set(e, last.code, "%.600s (and before, '%.100s': %.250s)", last.msg, host, before->msg);
	e->sys = last.sys;
	return -1;
}

static int nobody(struct err *e, const struct registry *r, enum want want)
{
	return err_set(e, ERR_USAGE, "no host that hosts.toml names for '%s' may %s%s", r->host,
	               want == WANT_TAG ? "resolve a tag" : "be pulled from",
	               want == WANT_TAG && r->signed_required
	                       ? " where a signature is demanded: name the image by digest"
	                       : "");
}

int registry_each(struct err *e, struct registry *r, struct http *h, enum want want,
                  int (*ask)(struct err *e, struct server *s, bool last, void *ctx), void *ctx)
{
	struct err before = { 0 };
	const char *host = "";

	for (int i = next_server(r, want, 0), after;; i = after) {
		struct server *s = i < 0 ? NULL : &r->servers[i];

		if (!s)
			return nobody(e, r, want);
		if (ask(e, s, next_server(r, want, i + 1) < 0, ctx) == 0)
			return 0;
		if ((e->code != ERR_RETRY && e->code != ERR_REJECTED) || http_stopped(h))
			return -1;
		if (!s->answered || e->code == ERR_REJECTED)
			s->down = true;
		after = next_server(r, want, i + 1);
		if (after < 0)
			return tell(e, &before, host);
		log_debug("'%s' is passed over: %s", s->endpoint->host, e->msg);
		before = *e;
		host = s->endpoint->host;
	}
}

/* ---- errors ---- */

/* {"errors":[{"code":"MANIFEST_UNKNOWN",...}]}: the code, where it looks like one. */
static void error_code(const struct http_response *r, char ret[CODE_MAX])
{
	CLEANUP(json_freep) struct json *body = NULL;
	const char *code = NULL;
	struct err ignored;

	snprintf(ret, CODE_MAX, "%d", r->status);
	if (!r->body.len || json_parse(&ignored, ERR_RETRY, "", r->body.s, r->body.len, &body) < 0)
		return;
	if (json_is_array(json_get(body, "errors")))
		code = json_str(json_first(json_get(body, "errors")), "code");
	if (code && *code && strlen(code) < CODE_MAX &&
	    strspn(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") == strlen(code))
		snprintf(ret, CODE_MAX, "%s", code);
}

int server_refused(struct err *e, const struct registry *r, const struct server *s,
                   const struct http_response *a, const char *what)
{
	const char *host = s->endpoint->host;
	char code[CODE_MAX];

	error_code(a, code);
	if (a->redirected)
		return err_set(e, ERR_RETRY, "where registry '%s' sends us for %s answers %s", host,
		               what, code);
	if (a->status == 401 || a->status == 403)
		return auth_refused(e, s->auth, a->status);
	if (a->status == 404 && strcmp(what, BLOB) != 0)
		return err_set(
			e, ERR_RETRY, "no such image '%s/%s%s%s': registry says %s", host, r->path,
			str_starts(what, "sha256:") || str_starts(what, "sha512:") ? "@" : ":",
			what, code);
	return err_set(e, ERR_RETRY, "registry '%s' answers %s to a request for '%s' of '%s'", host,
	               code, what, r->path);
}
