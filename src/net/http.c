/* SPDX-License-Identifier: MIT */
#include "net/http.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "base/mem.h"
#include "net/hop.h"

int http_open(struct err *e, const struct http_options *o, struct http **ret)
{
	struct http *h = mem_alloc(sizeof(*h));

	h->options = *o;
	if (hop_prepare(e, h) < 0) {
		http_close(h);
		return -1;
	}
	*ret = h;
	return 0;
}

void http_close(struct http *h)
{
	if (!h)
		return;
	hop_forget(h);
	free(h);
}

void http_closep(struct http **h)
{
	http_close(*h);
}

void http_response_release(struct http_response *r)
{
	str_release(&r->headers);
	str_release(&r->body);
}

bool http_header(const struct http_response *r, const char *name, int n, struct str *ret)
{
	size_t len = strlen(name);

	for (const char *p = r->headers.s; p && *p; p = strchr(p, '\n') + 1) {
		const char *value = p + len + 1;

		if (strncasecmp(p, name, len) != 0 || p[len] != ':' || n-- > 0)
			continue;
		value += strspn(value, " \t");
		str_release(ret);
		str_add(ret, value, strcspn(value, "\n"));
		return true;
	}
	return false;
}

bool http_stopped(const struct http *h)
{
	return h->options.stop && h->options.stop(h->options.ctx);
}

/* ---- the exchange ---- */

static bool is_plain_origin(const struct http *h, const struct url *u)
{
	CLEANUP(mem_freep) char *name = mem_printf("%s:%d", u->host, u->port);

	for (const char *const *o = h->options.plain_origins; o && *o; o++)
		if (strcmp(*o, name) == 0)
			return true;
	return false;
}

static int check_scheme(struct err *e, const struct hop *hop)
{
	const struct http *h = hop->http;

	if (hop->url.https && h->options.trust)
		return 0;
	if (!hop->url.https && hop->request->unix_socket)
		return 0;
	if (!hop->url.https && h->options.plain_http && url_is_loopback(&hop->url))
		return 0;
	if (!hop->url.https && is_plain_origin(h, &hop->url))
		return 0;
	return err_set(e, ERR_RETRY, "'%s:%d' is not asked without TLS", hop->url.host,
	               hop->url.port);
}

/* Who has to prove to us that he is the right one, and on the way to whom. */
static int prepare(struct err *e, struct hop *hop)
{
	struct trust *trust = hop->http->options.trust;

	if (url_parse(e, hop->address, &hop->url) < 0 || check_scheme(e, hop) < 0)
		return -1;
	if (hop->request->unix_socket)
		return 0;
	if (proxy_for(e, &hop->url, &hop->proxy) < 0)
		return -1;
	if (hop->url.https && trust_for(e, trust, &hop->url, &hop->trust) < 0)
		return -1;
	if (!hop->proxy.https)
		return 0;
	return trust_for(e, trust, NULL, &hop->proxy_trust);
}

static int one_hop(struct err *e, struct http *h, const struct http_request *q, const char *address,
                   const struct url *origin, struct http_response *ret)
{
	struct hop hop = { .http = h, .request = q, .response = ret, .address = address, .e = e };
	int failed = prepare(e, &hop);

	if (failed == 0) {
		hop.same_origin = url_same_origin(&hop.url, origin);
		ret->redirected = ret->redirected || !hop.same_origin;
		failed = hop_run(&hop);
		log_debug("%s %s: %d", q->method ? q->method : "GET", address, ret->status);
	}
	proxy_release(&hop.proxy);
	url_release(&hop.url);
	return failed;
}

/* *address becomes where the answer points to. 1: it does, 0: it is an answer. */
static int next_address(struct err *e, const struct http_request *q, const struct http_response *r,
                        char **address)
{
	struct str location = { 0 };
	char *next = NULL;
	int failed;

	if (!hop_is_redirect(q, r->status) || !http_header(r, "Location", 0, &location))
		return 0;
	failed = url_resolve(e, *address, location.s, &next);
	str_release(&location);
	if (failed < 0)
		return -1;
	if (strncasecmp(*address, "https:", 6) == 0 && strncasecmp(next, "https:", 6) != 0) {
		free(next);
		return err_set(e, ERR_RETRY, "'%.200s' redirects from https to http", *address);
	}
	free(*address);
	*address = next;
	return 1;
}

static int follow(struct err *e, struct http *h, const struct http_request *q,
                  const struct url *origin, struct http_response *ret)
{
	CLEANUP(mem_freep) char *address = mem_dup(q->url);
	int more;

	for (int hops = 0;; hops++) {
		if (one_hop(e, h, q, address, origin, ret) < 0)
			return -1;
		more = next_address(e, q, ret, &address);
		if (more <= 0)
			return more;
		if (hops == q->max_redirects)
			return err_set(e, ERR_RETRY, "'%s' redirects more than %d times",
			               origin->host, q->max_redirects);
		str_release(&ret->headers);
		str_release(&ret->body);
	}
}

int http_exchange(struct err *e, struct http *h, const struct http_request *q,
                  struct http_response *ret)
{
	struct url origin = { 0 };
	int failed;

	*ret = (struct http_response){ .content_length = -1 };
	if (url_parse(e, q->url, &origin) < 0)
		return -1;
	failed = follow(e, h, q, &origin, ret);
	url_release(&origin);
	return failed;
}
