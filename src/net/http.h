/* SPDX-License-Identifier: MIT */
/*
 * http: requests to registries over TLS and to the engine over its Unix socket. HTTP/1.1.
 *
 * A client keeps its connections and is used by one thread at a time. Addresses are https; plain
 * http only when plain_http was asked for, and then to this machine alone, and to plain_origins. The proxy variables of
 * the environment are heeded, but not for this machine and not for Unix sockets.
 *
 * Redirects are followed here, not by the library: `authorization` goes along only where scheme,
 * host and port stay the same, and https never becomes http.
 */
#ifndef NET_HTTP_H
#define NET_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/limits.h"
#include "base/str.h"
#include "io/sink.h"
#include "net/trust.h"

struct http;

struct http_options {
	struct trust *trust; /* NULL: no https */
	bool plain_http;
	/* "host:port", NULL-terminated: may be asked without TLS although they are not this machine. May be NULL. */
	const char *const *plain_origins;
	/* Asked several times a second, also while waiting; true breaks off. May be NULL. */
	bool (*stop)(void *ctx);
	void *ctx;
};

struct http_response {
	int status;
	int64_t content_length; /* -1: not said */
	struct str headers;     /* "Name: value\n" ...; read them with http_header() */
	struct str body;        /* what went to no sink; NUL-terminated, or NULL when empty */
	bool redirected;        /* the answer is of another origin than the one that was asked */
	bool transient;         /* the same request may well succeed in a moment */
};

struct http_request {
	const char *method; /* NULL: GET */
	const char *url;
	const char *unix_socket;    /* path; the host in url is then a mere name */
	const char *const *headers; /* "Name: value", NULL-terminated; may be NULL */
	const char *authorization;  /* value, or NULL */
	const char *const
		*origin_headers; /* like `headers`, but as confidential as `authorization` */
	const void *body;
	size_t body_len;
	/* For the whole exchange. 0: no limit, but HTTP_SPEED_MIN holds. -1: wait for ever. */
	int timeout_ms;
	int connect_ms;    /* for name, connection and TLS; 0: HTTP_CONNECT_MS */
	int max_redirects; /* of a GET or HEAD; 0: a redirect is an answer like any other */
	size_t body_max;   /* of a body that goes to no sink; 0: HTTP_BODY_MAX */
	/* Called when the header of the final answer is there: where its body goes. *ret_to stays NULL
	 * for response->body. May be NULL. The sink is not finished here. */
	int (*begin)(struct err *e, const struct http_response *r, void *ctx, struct sink **ret_to);
	void *ctx;
	/* An answer whose body is long in coming: begin() is called at once, content_length is not known. */
	bool begin_early;
};

int http_open(struct err *e, const struct http_options *o, struct http **ret) MUST_USE;
void http_close(struct http *h);
void http_closep(struct http **h); /* for CLEANUP */

/*
 * One exchange. 0 when there was a complete answer, whatever its status. ERR_RETRY otherwise, or
 * the error of begin() or its sink. *ret is to be released in either case.
 */
int http_exchange(struct err *e, struct http *h, const struct http_request *q,
                  struct http_response *ret) MUST_USE;
void http_response_release(struct http_response *r);

/* The n-th header of a name (case-insensitive), counted from 0. false: there is none. */
bool http_header(const struct http_response *r, const char *name, int n, struct str *ret);

/* Has stop() of the options said so? */
bool http_stopped(const struct http *h);

#endif
