/* SPDX-License-Identifier: MIT */
#include "net/http.h"

#include <curl/curl.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_ciphersuites.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "base/mem.h"
#include "net/url.h"

#define USER_AGENT "nodelift"
#define POLL_MS 100 /* how long stop() may go unasked */
#define BUFFER (64 * 1024)

struct http {
	struct http_options options;
	CURLM *multi; /* holds the connections */
	CURL *easy;
	char error[CURL_ERROR_SIZE];
	uint32_t verify_flags; /* what is wrong with the peer's certificates */
};

/* One request to one address; a redirect is the next one. */
struct hop {
	struct http *http;
	const struct http_request *request;
	struct http_response *response;
	const char *address;
	struct url url;
	const struct trust_host *trust;
	struct curl_slist *headers;
	bool same_origin; /* as the first address */
	bool began;       /* it is decided where the body goes */
	struct sink *to;  /* NULL: response->body */
	struct err *e;
	bool failed; /* *e is filled by us: the library only says that it was told to stop */
};

/*
 * AES-128 first, and servers in Go heed the client's order. The library begins with ChaCha20, which
 * takes the same time here but more of the server's, and AES-256 takes more of both.
 */
static const int ciphersuites[] = {
	MBEDTLS_TLS1_3_AES_128_GCM_SHA256,
	MBEDTLS_TLS1_3_AES_256_GCM_SHA384,
	MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256,
	MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
	MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
	0,
};

static void init_library(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

int http_open(struct err *e, const struct http_options *o, struct http **ret)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct http *h = mem_alloc(sizeof(*h));

	pthread_once(&once, init_library);
	h->options = *o;
	h->multi = curl_multi_init();
	h->easy = curl_easy_init();
	if (!h->multi || !h->easy) {
		http_close(h);
		return err_set(e, ERR_BUG, "cannot set up HTTP");
	}
	*ret = h;
	return 0;
}

void http_close(struct http *h)
{
	if (!h)
		return;
	curl_easy_cleanup(h->easy);
	curl_multi_cleanup(h->multi);
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

/* ---- what the library calls ---- */

bool http_stopped(const struct http *h)
{
	return h->options.stop && h->options.stop(h->options.ctx);
}

static bool is_redirect(const struct http_request *q, int status)
{
	const char *method = q->method;

	return q->max_redirects > 0 &&
	       (!method || strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0) &&
	       (status == 301 || status == 302 || status == 303 || status == 307 || status == 308);
}

/* The header is complete: read it, and ask where the body goes. */
static int begin(struct hop *hop)
{
	struct http_response *r = hop->response;
	curl_off_t length = -1;
	long status = 0;

	hop->began = true;
	curl_easy_getinfo(hop->http->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(hop->http->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	r->status = (int)status;
	r->content_length = length;
	if (is_redirect(hop->request, r->status) || !hop->request->begin)
		return 0;
	return hop->request->begin(hop->e, r, hop->request->ctx, &hop->to);
}

/* Not "100 Continue", behind which another one comes. */
static bool is_final(const struct hop *hop)
{
	long status = 0;

	curl_easy_getinfo(hop->http->easy, CURLINFO_RESPONSE_CODE, &status);
	return status >= 200;
}

static size_t on_header(char *data, size_t size, size_t count, void *arg)
{
	struct hop *hop = arg;
	struct str *headers = &hop->response->headers;
	size_t len = size * count, text = len;

	/* Each answer begins with a status line: also "100 Continue", which is not the one. */
	if (len >= 5 && memcmp(data, "HTTP/", 5) == 0) {
		str_release(headers);
		return len;
	}
	if (headers->len + len > HTTP_HEADERS_MAX) {
		hop->failed = true;
		err_set(hop->e, ERR_RETRY, "'%s' sends endless headers", hop->url.host);
		return 0;
	}
	while (text && (data[text - 1] == '\r' || data[text - 1] == '\n'))
		text--;
	if (!text && hop->request->begin_early && !hop->began && is_final(hop)) {
		hop->failed = begin(hop) < 0;
		return hop->failed ? 0 : len;
	}
	if (!text || memchr(data, '\0', text) || memchr(data, '\n', text))
		return len;
	str_add(headers, data, text);
	str_add(headers, "\n", 1);
	return len;
}

static int take_body(struct hop *hop, const char *data, size_t len)
{
	size_t max = hop->request->body_max ? hop->request->body_max : HTTP_BODY_MAX;
	struct str *body = &hop->response->body;

	if (!hop->began && begin(hop) < 0)
		return -1;
	if (hop->to)
		return sink_write(hop->e, hop->to, data, len);
	if (len > max - body->len)
		return err_set(hop->e, ERR_REJECTED, "'%s' answers with more than %zu bytes",
		               hop->url.host, max);
	str_add(body, data, len);
	return 0;
}

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
	struct hop *hop = arg;

	if (take_body(hop, data, size * count) == 0)
		return size * count;
	hop->failed = true;
	return CURL_WRITEFUNC_ERROR;
}

/* The flags say why, which the library's one error code does not. 0: go on judging. */
static int on_verify(void *arg, mbedtls_x509_crt *crt, int depth, uint32_t *flags)
{
	struct hop *hop = arg;

	(void)crt;
	(void)depth;
	if (hop->trust->unverified)
		*flags = 0; /* TLS 1.3 would not go on with them */
	hop->http->verify_flags |= *flags;
	return 0;
}

static CURLcode on_tls(CURL *easy, void *config, void *arg)
{
	struct hop *hop = arg;

	(void)easy;
	hop->http->verify_flags = 0;
	mbedtls_ssl_conf_ca_chain(config, hop->trust->roots, NULL);
	mbedtls_ssl_conf_verify(config, on_verify, hop);
	mbedtls_ssl_conf_ciphersuites(config, ciphersuites);
	return CURLE_OK;
}

/* ---- one hop ---- */

static void set_tls(struct hop *hop)
{
	CURL *c = hop->http->easy;

	curl_easy_setopt(c, CURLOPT_CAINFO, NULL);
	curl_easy_setopt(c, CURLOPT_CAPATH, NULL);
	curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(c, CURLOPT_SSL_CTX_FUNCTION, on_tls);
	curl_easy_setopt(c, CURLOPT_SSL_CTX_DATA, hop);
	if (hop->trust->unverified) {
		curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	if (hop->trust->client_cert) {
		curl_easy_setopt(c, CURLOPT_SSLCERT, hop->trust->client_cert);
		curl_easy_setopt(c, CURLOPT_SSLKEY, hop->trust->client_key);
	}
}

static void set_headers(struct hop *hop)
{
	const struct http_request *q = hop->request;
	const char *const *line;

	for (line = q->headers; line && *line; line++)
		hop->headers = curl_slist_append(hop->headers, *line);
	line = hop->same_origin ? q->origin_headers : NULL;
	for (; line && *line; line++)
		hop->headers = curl_slist_append(hop->headers, *line);
	if (q->authorization && hop->same_origin) {
		CLEANUP(mem_freep) char *last = mem_printf("Authorization: %s", q->authorization);

		hop->headers = curl_slist_append(hop->headers, last);
	}
	curl_easy_setopt(hop->http->easy, CURLOPT_HTTPHEADER, hop->headers);
}

static void set_method(struct hop *hop)
{
	const struct http_request *q = hop->request;
	CURL *c = hop->http->easy;

	if (q->method && strcmp(q->method, "HEAD") == 0) {
		curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
		return;
	}
	if (q->body || (q->method && strcmp(q->method, "POST") == 0)) {
		curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)q->body_len);
		curl_easy_setopt(c, CURLOPT_POSTFIELDS, q->body ? q->body : "");
	}
	if (q->method)
		curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, q->method);
}

static int connect_ms(const struct http_request *q)
{
	return q->connect_ms ? q->connect_ms : HTTP_CONNECT_MS;
}

static void set_limits(struct hop *hop)
{
	const struct http_request *q = hop->request;
	CURL *c = hop->http->easy;

	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)connect_ms(q));
	if (q->timeout_ms > 0) {
		curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)q->timeout_ms);
	} else if (q->timeout_ms == 0) {
		curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, (long)HTTP_SPEED_MIN);
		curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (long)HTTP_SPEED_SECONDS);
	}
}

static void set_options(struct hop *hop)
{
	const struct http_request *q = hop->request;
	CURL *c = hop->http->easy;

	curl_easy_reset(c); /* connections live on */
	*hop->http->error = '\0';
	curl_easy_setopt(c, CURLOPT_URL, hop->address);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, hop->url.https ? "https" : "http");
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, hop->http->error);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_USERAGENT, USER_AGENT);
	curl_easy_setopt(c, CURLOPT_BUFFERSIZE, (long)BUFFER);
	curl_easy_setopt(c, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(c, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, hop);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, hop);
	if (q->unix_socket)
		curl_easy_setopt(c, CURLOPT_UNIX_SOCKET_PATH, q->unix_socket);
	if (q->unix_socket || url_is_loopback(&hop->url))
		curl_easy_setopt(c, CURLOPT_PROXY, "");
	if (hop->url.https)
		set_tls(hop);
	set_method(hop);
	set_headers(hop);
	set_limits(hop);
}

/* Runs what set_options() described. *ret_stopped: stop() said so. */
static CURLcode run(struct http *h, bool *ret_stopped)
{
	CURLcode result = CURLE_OK;
	CURLMsg *message;
	int running = 1, left;

	*ret_stopped = false;
	curl_multi_add_handle(h->multi, h->easy);
	while (running) {
		if (curl_multi_perform(h->multi, &running) != CURLM_OK)
			break;
		*ret_stopped = http_stopped(h);
		if (*ret_stopped)
			break;
		if (running)
			curl_multi_poll(h->multi, NULL, 0, POLL_MS, NULL);
	}
	while ((message = curl_multi_info_read(h->multi, &left)))
		if (message->msg == CURLMSG_DONE)
			result = message->data.result;
	/* Taken out in the middle, its connection is closed. */
	curl_multi_remove_handle(h->multi, h->easy);
	return running ? CURLE_ABORTED_BY_CALLBACK : result;
}

/* ---- errors as people need them ---- */

static int untrusted(const struct hop *hop)
{
	const struct url *u = &hop->url;
	uint32_t flags = hop->http->verify_flags;

	if (flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED)
		return err_set(
			hop->e, ERR_RETRY,
			"certificate of '%s:%d' is not trusted: give its authority with --ca-file "
			"or in /etc/docker/certs.d/%s:%d/ca.crt",
			u->host, u->port, u->host, u->port);
	if (flags & MBEDTLS_X509_BADCERT_CN_MISMATCH)
		return err_set(hop->e, ERR_RETRY, "certificate of '%s:%d' is for another name",
		               u->host, u->port);
	if (flags & MBEDTLS_X509_BADCERT_EXPIRED)
		return err_set(hop->e, ERR_RETRY,
		               "certificate of '%s:%d' has expired (or this node's clock is wrong)",
		               u->host, u->port);
	if (flags & MBEDTLS_X509_BADCERT_FUTURE)
		return err_set(
			hop->e, ERR_RETRY,
			"certificate of '%s:%d' is not valid yet (or this node's clock is wrong)",
			u->host, u->port);
	return err_set(hop->e, ERR_RETRY, "certificate of '%s:%d' is not acceptable (0x%x)",
	               u->host, u->port, (unsigned)flags);
}

static int timed_out(const struct hop *hop)
{
	const struct url *u = &hop->url;
	curl_off_t connected = 0;

	curl_easy_getinfo(hop->http->easy, CURLINFO_PRETRANSFER_TIME_T, &connected);
	if (connected == 0)
		return err_set(hop->e, ERR_RETRY, "no connection to '%s:%d' within %d ms", u->host,
		               u->port, connect_ms(hop->request));
	if (hop->request->timeout_ms > 0)
		return err_set(hop->e, ERR_RETRY, "'%s' gave no answer within %d ms", u->host,
		               hop->request->timeout_ms);
	return err_set(hop->e, ERR_RETRY, "'%s' sends less than %d bytes a second for %d seconds",
	               u->host, HTTP_SPEED_MIN, HTTP_SPEED_SECONDS);
}

static int unconnected(const struct hop *hop)
{
	long error = 0;
	const char *text = hop->http->error;

	curl_easy_getinfo(hop->http->easy, CURLINFO_OS_ERRNO, &error);
	if (error)
		text = strerror((int)error);
	if (hop->request->unix_socket)
		err_set(hop->e, ERR_RETRY, "cannot connect to '%s': %s", hop->request->unix_socket,
		        text);
	else
		err_set(hop->e, ERR_RETRY, "cannot connect to '%s:%d': %s", hop->url.host,
		        hop->url.port, text);
	hop->e->sys = (int)error;
	return -1;
}

static int explain(struct hop *hop, CURLcode code)
{
	const char *text = *hop->http->error ? hop->http->error : curl_easy_strerror(code);

	hop->response->transient = true;
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		hop->response->transient = false;
		if (code == CURLE_COULDNT_RESOLVE_HOST)
			return err_set(hop->e, ERR_RETRY, "no such host '%s'", hop->url.host);
		return err_set(hop->e, ERR_RETRY, "no such proxy: %s", text);
	case CURLE_COULDNT_CONNECT:
		hop->response->transient = !hop->request->unix_socket;
		return unconnected(hop);
	case CURLE_PEER_FAILED_VERIFICATION:
		hop->response->transient = false;
		return untrusted(hop);
	case CURLE_OPERATION_TIMEDOUT:
		return timed_out(hop);
	case CURLE_PARTIAL_FILE:
		return err_set(hop->e, ERR_RETRY, "'%s' broke off in the middle of an answer",
		               hop->url.host);
	case CURLE_SSL_CONNECT_ERROR:
		return err_set(hop->e, ERR_RETRY, "no TLS with '%s:%d': %s", hop->url.host,
		               hop->url.port, text);
	default:
		return err_set(hop->e, ERR_RETRY, "exchange with '%s:%d' failed: %s", hop->url.host,
		               hop->url.port, text);
	}
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

static int perform(struct hop *hop)
{
	struct http *h = hop->http;
	CURLcode code;
	bool stop;

	if (check_scheme(hop->e, hop) < 0)
		return -1;
	if (hop->url.https && trust_for(hop->e, h->options.trust, &hop->url, &hop->trust) < 0)
		return -1;
	set_options(hop);
	code = run(h, &stop);
	if (stop)
		return err_set(hop->e, ERR_RETRY, "stopped");
	if (hop->failed)
		return -1;
	if (code != CURLE_OK)
		return explain(hop, code);
	if (!hop->began && begin(hop) < 0)
		return -1;
	hop->response->transient = hop->response->status == 408 || hop->response->status == 429 ||
	                           hop->response->status >= 500;
	return 0;
}

static int one_hop(struct err *e, struct http *h, const struct http_request *q, const char *address,
                   const struct url *origin, struct http_response *ret)
{
	struct hop hop = { .http = h, .request = q, .response = ret, .address = address, .e = e };
	int failed;

	if (url_parse(e, address, &hop.url) < 0)
		return -1;
	hop.same_origin = url_same_origin(&hop.url, origin);
	ret->redirected = ret->redirected || !hop.same_origin;
	failed = perform(&hop);
	curl_easy_setopt(h->easy, CURLOPT_HTTPHEADER, NULL);
	curl_slist_free_all(hop.headers);
	log_debug("%s %s: %d", q->method ? q->method : "GET", address, ret->status);
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

	if (!is_redirect(q, r->status) || !http_header(r, "Location", 0, &location))
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
