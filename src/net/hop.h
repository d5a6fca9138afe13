/* SPDX-License-Identifier: MIT */
/* hop: one request to one address, for the files of this folder; a redirect is the next hop. */
#ifndef NET_HOP_H
#define NET_HOP_H

#include "net/http.h"
#include "net/proxy.h"
#include "net/url.h"

#define HOP_ERROR_SIZE 256 /* characters, as the library wants it */

struct http {
	struct http_options options;
	void *multi; /* of the library: holds the connections */
	void *easy;
	char error[HOP_ERROR_SIZE];
	uint32_t verify_flags; /* what is wrong with the peer's certificates */
};

struct hop {
	struct http *http;
	const struct http_request *request;
	struct http_response *response;
	const char *address;
	struct url url;
	struct proxy proxy;
	const struct trust_host *trust;       /* NULL: no TLS */
	const struct trust_host *proxy_trust; /* NULL: none with the proxy */
	const struct trust_host *judging;     /* of the two, the one whose certificates come now */
	bool same_origin;                     /* as the first address */
	int handshakes;                       /* that have begun: the first is an https proxy's */
	bool began;                           /* it is decided where the body goes */
	struct sink *to;                      /* NULL: response->body */
	struct err *e;
	bool failed; /* *e is filled by us: the library only says that it was told to stop */
};

/* The library's part of a client. */
int hop_prepare(struct err *e, struct http *h) MUST_USE;
void hop_forget(struct http *h);

/* 0 when there was a complete answer. http, request, response, address, url, proxy, trust, e are given. */
int hop_run(struct hop *hop) MUST_USE;
int hop_connect_ms(const struct http_request *q); /* how long a connection may take */
bool hop_is_redirect(const struct http_request *q, int status);

/* The error for what the library says, a CURLcode: always -1. Says also whether it may pass. */
int hop_explain(struct hop *hop, int code);

#endif
