/* SPDX-License-Identifier: MIT */
/* hop_explain(): errors as people need them. */
#include <curl/curl.h>
#include <mbedtls/x509.h>
#include <string.h>

#include "base/mem.h"
#include "net/hop.h"

#define FATAL_ALERT "-0x7780" /* MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE as the library writes it */

/* no_proxy may have kept it out. */
static bool by_proxy(const struct hop *hop)
{
	long used = 0;

	curl_easy_getinfo(hop->http->easy, CURLINFO_USED_PROXY, &used);
	return hop->proxy.address && used;
}

/* " by way of proxy NAME", or nothing. */
static void way_of(const struct hop *hop, struct str *ret)
{
	if (by_proxy(hop))
		str_addf(ret, " by way of proxy '%s'", hop->proxy.name);
	else
		str_addf(ret, "%s", "");
}

static int untrusted(const struct hop *hop)
{
	const struct url *u = &hop->url;
	uint32_t flags = hop->http->verify_flags;
	bool is_proxy = hop->proxy_trust && (!hop->trust || hop->handshakes % 2 == 1);
	CLEANUP(mem_freep)
	char *who = is_proxy ? mem_printf("proxy '%s'", hop->proxy.name)
	                     : mem_printf("'%s:%d'", u->host, u->port);

	if (flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED && is_proxy)
		return err_set(
			hop->e, ERR_RETRY,
			"certificate of %s is not trusted: give its authority with --ca-file", who);
	if (flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED)
		return err_set(
			hop->e, ERR_RETRY,
			"certificate of %s is not trusted: give its authority with --ca-file "
			"or in /etc/docker/certs.d/%s:%d/ca.crt",
			who, u->host, u->port);
	if (flags & MBEDTLS_X509_BADCERT_CN_MISMATCH)
		return err_set(hop->e, ERR_RETRY, "certificate of %s is for another name", who);
	if (flags & MBEDTLS_X509_BADCERT_EXPIRED)
		return err_set(hop->e, ERR_RETRY,
		               "certificate of %s has expired (or this node's clock is wrong)",
		               who);
	if (flags & MBEDTLS_X509_BADCERT_FUTURE)
		return err_set(hop->e, ERR_RETRY,
		               "certificate of %s is not valid yet (or this node's clock is wrong)",
		               who);
	return err_set(hop->e, ERR_RETRY, "certificate of %s is not acceptable (0x%x)", who,
	               (unsigned)flags);
}

static int timed_out(const struct hop *hop, const char *way)
{
	const struct url *u = &hop->url;
	curl_off_t connected = 0;

	curl_easy_getinfo(hop->http->easy, CURLINFO_PRETRANSFER_TIME_T, &connected);
	if (connected == 0)
		return err_set(hop->e, ERR_RETRY, "no connection to '%s:%d'%s within %d ms",
		               u->host, u->port, way, hop_connect_ms(hop->request));
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
	else if (by_proxy(hop))
		err_set(hop->e, ERR_RETRY, "cannot connect to proxy '%s' (%s): %s", hop->proxy.name,
		        hop->proxy.variable, text);
	else
		err_set(hop->e, ERR_RETRY, "cannot connect to '%s:%d': %s", hop->url.host,
		        hop->url.port, text);
	hop->e->sys = (int)error;
	return -1;
}

/* What a proxy answered to CONNECT (RFC 9110, 9.3.6). 0: it was not asked, or it agreed. */
static int refused_by_proxy(const struct hop *hop)
{
	long status = 0;

	curl_easy_getinfo(hop->http->easy, CURLINFO_HTTP_CONNECTCODE, &status);
	return by_proxy(hop) && status / 100 != 2 ? (int)status : 0;
}

static int proxy_refusal(struct hop *hop, int status)
{
	hop->response->transient = status >= 500;
	return err_set(hop->e, ERR_RETRY, "proxy '%s' refuses the way to '%s:%d' (%d)%s%s",
	               hop->proxy.name, hop->url.host, hop->url.port, status,
	               status == 407 ? ": wrong or missing user and password in " : "",
	               status == 407 ? hop->proxy.variable : "");
}

/*
 * With TLS 1.3 a server looks at our certificate when we think that all is done and send our request: that
 * it then hangs up may be all that is seen of its alert.
 */
static bool may_be_for_certificate(const struct hop *hop, int code, bool alert)
{
	bool hung_up = code == CURLE_SSL_CONNECT_ERROR || code == CURLE_SEND_ERROR ||
	               code == CURLE_RECV_ERROR;

	return hop->trust && (alert || (hop->trust->client_cert && hung_up && !hop->began));
}

static int broken_off(struct hop *hop, bool alert)
{
	const struct url *u = &hop->url;

	hop->response->transient = !alert;
	if (hop->trust->client_cert)
		return err_set(hop->e, ERR_RETRY,
		               "'%s:%d' broke off TLS: it may not accept client certificate '%s'",
		               u->host, u->port, hop->trust->client_cert);
	return err_set(hop->e, ERR_RETRY,
	               "'%s:%d' broke off TLS: it may want a client certificate, NAME.cert with "
	               "NAME.key in /etc/docker/certs.d/%s:%d",
	               u->host, u->port, u->host, u->port);
}

int hop_explain(struct hop *hop, int code)
{
	const char *text =
		*hop->http->error ? hop->http->error : curl_easy_strerror((CURLcode)code);
	CLEANUP(str_release) struct str way = { 0 };
	bool alert = strstr(text, FATAL_ALERT) != NULL;

	way_of(hop, &way);
	hop->response->transient = true;
	if (refused_by_proxy(hop))
		return proxy_refusal(hop, refused_by_proxy(hop));
	if (may_be_for_certificate(hop, code, alert))
		return broken_off(hop, alert);
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
		hop->response->transient = false;
		return err_set(hop->e, ERR_RETRY, "no such host '%s'", hop->url.host);
	case CURLE_COULDNT_RESOLVE_PROXY:
		hop->response->transient = false;
		return err_set(hop->e, ERR_RETRY, "no such proxy '%s' (%s)", hop->proxy.name,
		               hop->proxy.variable);
	case CURLE_COULDNT_CONNECT:
		hop->response->transient = !hop->request->unix_socket;
		return unconnected(hop);
	case CURLE_PEER_FAILED_VERIFICATION:
		hop->response->transient = false;
		return untrusted(hop);
	case CURLE_OPERATION_TIMEDOUT:
		return timed_out(hop, way.s);
	case CURLE_PARTIAL_FILE:
		return err_set(hop->e, ERR_RETRY, "'%s' broke off in the middle of an answer",
		               hop->url.host);
	case CURLE_SSL_CONNECT_ERROR:
		return err_set(hop->e, ERR_RETRY, "no TLS with '%s:%d'%s: %s", hop->url.host,
		               hop->url.port, way.s, text);
	default:
		return err_set(hop->e, ERR_RETRY, "exchange with '%s:%d'%s failed: %s",
		               hop->url.host, hop->url.port, way.s, text);
	}
}
