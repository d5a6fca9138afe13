/* SPDX-License-Identifier: MIT */
#include "net/hop.h"

#include <curl/curl.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_ciphersuites.h>
#include <pthread.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"

#define USER_AGENT "nodelift"
#define POLL_MS 100 /* how long stop() may go unasked */
#define BUFFER (64 * 1024)

_Static_assert(HOP_ERROR_SIZE >= CURL_ERROR_SIZE, "the library writes so much");

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

int hop_prepare(struct err *e, struct http *h)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, init_library);
	h->multi = curl_multi_init();
	h->easy = curl_easy_init();
	if (!h->multi || !h->easy)
		return err_set(e, ERR_BUG, "cannot set up HTTP");
	return 0;
}

void hop_forget(struct http *h)
{
	curl_easy_cleanup(h->easy);
	curl_multi_cleanup(h->multi);
}

/* ---- what the library calls ---- */

bool hop_is_redirect(const struct http_request *q, int status)
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
	if (hop_is_redirect(hop->request, r->status) || !hop->request->begin)
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
	if (hop->judging->unverified)
		*flags = 0; /* TLS 1.3 would not go on with them */
	hop->http->verify_flags |= *flags;
	return 0;
}

/*
 * Called for each handshake, also that with an https proxy, which has to come first: a proxy is
 * believed by the roots that are for everybody, not by those of the host behind it.
 */
static CURLcode on_tls(CURL *easy, void *config, void *arg)
{
	struct hop *hop = arg;
	bool with_proxy = hop->proxy_trust && (!hop->trust || hop->handshakes % 2 == 0);

	(void)easy;
	hop->handshakes++;
	hop->judging = with_proxy ? hop->proxy_trust : hop->trust;
	hop->http->verify_flags = 0;
	mbedtls_ssl_conf_ca_chain(config, hop->judging->roots, NULL);
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
	if (hop->trust && hop->trust->unverified) {
		curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	if (hop->trust && hop->trust->client_cert) {
		curl_easy_setopt(c, CURLOPT_SSLCERT, hop->trust->client_cert);
		curl_easy_setopt(c, CURLOPT_SSLKEY, hop->trust->client_key);
	}
}

/* The proxy's password is in its address. What a server is told is not told to the proxy. */
static void set_proxy(struct hop *hop)
{
	CURL *c = hop->http->easy;

	if (hop->request->unix_socket || !hop->proxy.address) {
		curl_easy_setopt(c, CURLOPT_PROXY, "");
		return;
	}
	curl_easy_setopt(c, CURLOPT_PROXY, hop->proxy.address);
	curl_easy_setopt(c, CURLOPT_PROXYAUTH, (long)CURLAUTH_BASIC);
	curl_easy_setopt(c, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);
	curl_easy_setopt(c, CURLOPT_PROXY_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(c, CURLOPT_PROXY_CAINFO, NULL);
	curl_easy_setopt(c, CURLOPT_PROXY_CAPATH, NULL);
}

static struct curl_slist *make_headers(const struct hop *hop)
{
	const struct http_request *q = hop->request;
	const char *const *own = hop->same_origin ? q->origin_headers : NULL;
	struct curl_slist *headers = NULL;

	for (const char *const *line = q->headers; line && *line; line++)
		headers = curl_slist_append(headers, *line);
	for (const char *const *line = own; line && *line; line++)
		headers = curl_slist_append(headers, *line);
	if (q->authorization && hop->same_origin) {
		CLEANUP(mem_freep) char *line = mem_printf("Authorization: %s", q->authorization);

		headers = curl_slist_append(headers, line);
		explicit_bzero(line, strlen(line));
	}
	return headers;
}

static void free_headers(struct curl_slist *headers)
{
	for (struct curl_slist *h = headers; h; h = h->next)
		explicit_bzero(h->data, strlen(h->data));
	curl_slist_free_all(headers);
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

int hop_connect_ms(const struct http_request *q)
{
	return q->connect_ms ? q->connect_ms : HTTP_CONNECT_MS;
}

static void set_limits(struct hop *hop)
{
	const struct http_request *q = hop->request;
	CURL *c = hop->http->easy;

	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)hop_connect_ms(q));
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
	if (hop->trust || hop->proxy_trust)
		set_tls(hop);
	set_proxy(hop);
	set_method(hop);
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

int hop_run(struct hop *hop)
{
	struct curl_slist *headers = make_headers(hop);
	CURLcode code;
	bool stop;

	set_options(hop);
	curl_easy_setopt(hop->http->easy, CURLOPT_HTTPHEADER, headers);
	code = run(hop->http, &stop);
	curl_easy_setopt(hop->http->easy, CURLOPT_HTTPHEADER, NULL);
	free_headers(headers);
	if (stop)
		return err_set(hop->e, ERR_RETRY, "stopped");
	if (hop->failed)
		return -1;
	if (code != CURLE_OK)
		return hop_explain(hop, (int)code);
	if (!hop->began && begin(hop) < 0)
		return -1;
	hop->response->transient = hop->response->status == 408 || hop->response->status == 429 ||
	                           hop->response->status >= 500;
	return 0;
}
