/* SPDX-License-Identifier: MIT */
#include "oci/auth.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "net/retry.h"
#include "net/url.h"

#define CLIENT_ID "nodelift"
#define TOKEN_ANSWER "answer with a token"
#define BLANK " \t"
#define MARGIN_MS 5000 /* a token is renewed so long before its end */
/* RFC 9110, 5.6.2; and "/" so that the token68 of a foreign scheme is skipped in one piece */
#define TOKEN_CHARS "!#$%&'*+-.^_`|~/0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

struct auth {
	char *host, *path;
	struct credentials credentials;
	bool plain_http;
	bool local; /* the registry is on this machine */
	pthread_mutex_t
		lock; /* for what follows; held while a token is fetched, so one thread does */
	enum auth_scheme scheme;
	char *realm, *service;
	char *header;
	int64_t expires; /* clock_ms(), 0: never */
};

/* ---- challenges ---- */

/* quoted-string or token. NULL: a quote is not closed. */
static const char *parse_value(const char *p, struct str *ret)
{
	size_t n;

	if (*p != '"') {
		n = strcspn(p, "," BLANK);
		str_add(ret, p, n);
		return p + n;
	}
	for (p++; *p && *p != '"'; p++) {
		if (*p == '\\' && p[1])
			p++;
		str_add(ret, p, 1);
	}
	return *p ? p + 1 : NULL;
}

static void set_parameter(struct challenge *c, const char *name, size_t len, struct str *value)
{
	char **to = NULL;

	if (len == 5 && strncasecmp(name, "realm", len) == 0)
		to = &c->realm;
	else if (len == 7 && strncasecmp(name, "service", len) == 0)
		to = &c->service;
	else if (len == 5 && strncasecmp(name, "scope", len) == 0)
		to = &c->scope;
	if (to && !*to)
		*to = str_steal(value);
	str_release(value);
}

static enum auth_scheme scheme_of(const char *name, size_t len)
{
	if (len == 6 && strncasecmp(name, "bearer", len) == 0)
		return AUTH_BEARER;
	if (len == 5 && strncasecmp(name, "basic", len) == 0)
		return AUTH_BASIC;
	return AUTH_OTHER;
}

/* A token that "=" follows is a parameter of the challenge before it, otherwise a new scheme. */
bool challenges_parse(const char *header, struct challenges *ret)
{
	const char *p = header;
	struct challenge *c = NULL;

	for (;;) {
		const char *name, *after;
		struct str value = { 0 };
		size_t len;

		p += strspn(p, "," BLANK);
		if (!*p)
			return true;
		name = p;
		len = strspn(p, TOKEN_CHARS);
		after = p + len + strspn(p + len, BLANK);
		if (len == 0 || (*after == '=' && !c))
			return false;
		if (*after != '=') {
			if (ret->count == AUTH_CHALLENGES_MAX)
				return false;
			c = &ret->items[ret->count++];
			*c = (struct challenge){ .scheme = scheme_of(name, len) };
			p += len;
			continue;
		}
		after++;
		p = parse_value(after + strspn(after, BLANK), &value);
		set_parameter(c, name, len, &value);
		if (!p)
			return false;
	}
}

void challenges_release(struct challenges *c)
{
	for (int i = 0; i < c->count; i++) {
		free(c->items[i].realm);
		free(c->items[i].service);
		free(c->items[i].scope);
	}
	*c = (struct challenges){ 0 };
}

/* ---- state ---- */

static void set_header(struct auth *a, char *header, int64_t expires)
{
	if (a->header)
		explicit_bzero(a->header, strlen(a->header));
	free(a->header);
	a->header = header;
	a->expires = expires;
}

static bool is_local(const char *host)
{
	CLEANUP(mem_freep) char *address = mem_printf("https://%s/", host);
	struct url url = { 0 };
	struct err ignored;
	bool local = url_parse(&ignored, address, &url) == 0 && url_is_loopback(&url);

	url_release(&url);
	return local;
}

struct auth *auth_new(const char *host, const char *path, struct credentials *c, bool plain_http)
{
	struct auth *a = mem_alloc(sizeof(*a));

	pthread_mutex_init(&a->lock, NULL);
	a->host = mem_dup(host);
	a->path = mem_dup(path);
	a->credentials = *c;
	*c = (struct credentials){ 0 };
	a->plain_http = plain_http;
	a->local = is_local(host);
	if (a->credentials.registry_token)
		set_header(a, mem_printf("Bearer %s", a->credentials.registry_token), 0);
	return a;
}

void auth_free(struct auth *a)
{
	if (!a)
		return;
	set_header(a, NULL, 0);
	credentials_release(&a->credentials);
	pthread_mutex_destroy(&a->lock);
	free(a->host);
	free(a->path);
	free(a->realm);
	free(a->service);
	free(a);
}

int auth_refused(struct err *e, const struct auth *a, int status)
{
	const struct credentials *c = &a->credentials;
	CLEANUP(mem_freep)
	char *refuses =
		mem_printf("registry '%s' refuses access to '%s' (%d)", a->host, a->path, status);

	if (c->from_helper)
		return err_set(e, ERR_RETRY, "%s: wrong credentials from helper '%s' for '%s'",
		               refuses, c->helper, c->server);
	if (!credentials_none(c))
		return err_set(e, ERR_RETRY, "%s: wrong credentials in %s", refuses, c->file);
	if (c->asked)
		return err_set(e, ERR_RETRY, "%s: credential helper '%s' knows none for '%s'",
		               refuses, c->helper, c->server);
	if (c->helper && !c->program)
		return err_set(e, ERR_RETRY,
		               "%s: %s leaves credentials to helper '%s', which is run only when "
		               "nodelift's config.json has it in \"credential_helpers\"",
		               refuses, c->file, c->helper);
	return err_set(e, ERR_RETRY, "%s: missing credentials in %s", refuses, c->file);
}

/* ---- tokens ---- */

static char *basic_header(const struct credentials *c)
{
	struct str header = { 0 };
	CLEANUP(mem_freep) char *pair = mem_printf("%s:%s", c->username, c->password);

	str_addf(&header, "Basic ");
	base64_encode(pair, strlen(pair), &header);
	explicit_bzero(pair, strlen(pair));
	return str_steal(&header);
}

static bool fit_for_header(const char *token)
{
	size_t len = strlen(token);

	if (len < 1 || len > AUTH_TOKEN_MAX)
		return false;
	for (; *token; token++)
		if (*token <= ' ' || *token >= 0x7f)
			return false;
	return true;
}

/* A server may replace the identity token each time that it is used. */
static void replace_identity(struct auth *a, const char *token)
{
	struct credentials *c = &a->credentials;

	if (!token || !*token || strlen(token) > AUTH_TOKEN_MAX || !c->identity_token ||
	    strcmp(token, c->identity_token) == 0)
		return;
	explicit_bzero(c->identity_token, strlen(c->identity_token));
	free(c->identity_token);
	c->identity_token = mem_dup(token);
}

static int take_token(struct err *e, struct auth *a, const struct json *answer)
{
	const char *token;
	int64_t seconds, ms;

	token = json_str(answer, "token");
	if (!token || !*token)
		token = json_str(answer, "access_token");
	if (!token || !fit_for_header(token))
		return err_set(e, ERR_RETRY, TOKEN_ANSWER " has none that can be used");
	seconds = json_int(answer, "expires_in", AUTH_EXPIRES_DEFAULT);
	if (seconds < AUTH_EXPIRES_DEFAULT)
		seconds = AUTH_EXPIRES_DEFAULT; /* the specification's minimum */
	ms = seconds > INT32_MAX ? (int64_t)INT32_MAX * 1000 : seconds * 1000;
	set_header(a, mem_printf("Bearer %s", token), clock_ms() + ms - MARGIN_MS);
	replace_identity(a, json_str(answer, "refresh_token"));
	return 0;
}

static int read_token(struct err *e, struct auth *a, const struct http_response *r)
{
	struct json *answer = NULL;
	int failed;

	if (json_parse(e, ERR_RETRY, TOKEN_ANSWER, r->body.s ? r->body.s : "", r->body.len,
	               &answer) < 0)
		return -1;
	failed = take_token(e, a, answer);
	json_wipe(answer);
	json_free(answer);
	return failed;
}

/*
 * That a registry names a realm on another host is how Docker Hub works, and Docker sends the password
 * there. So do we, with TLS. But no registry elsewhere has its realm on this machine: such a
 * one wants us to talk to what listens here.
 */
static int check_realm(struct err *e, const struct auth *a)
{
	struct url url = { 0 };
	bool local, https;

	if (url_parse(e, a->realm, &url) < 0)
		return err_wrap(e, "registry '%s' sends us elsewhere for a token", a->host);
	local = url_is_loopback(&url);
	https = url.https;
	url_release(&url);
	if (!https && !(a->plain_http && local))
		return err_set(e, ERR_RETRY,
		               "registry '%s' sends us for a token to '%.200s', which is not https",
		               a->host, a->realm);
	if (local && !a->local)
		return err_set(
			e, ERR_RETRY,
			"registry '%s' sends us for a token to '%.200s', which is this machine",
			a->host, a->realm);
	return 0;
}

/* POST with the refresh token, or GET with Basic, or GET as nobody in particular. */
static int ask_realm(struct err *e, struct auth *a, struct http *h, struct http_response *ret)
{
	static const char *const form[] = { "Content-Type: application/x-www-form-urlencoded",
		                            "Accept: application/json", NULL };
	const struct credentials *c = &a->credentials;
	CLEANUP(mem_freep) char *scope = mem_printf("repository:%s:pull", a->path);
	CLEANUP(mem_freep) char *url = NULL;
	CLEANUP(mem_freep) char *basic = NULL;
	struct http_request q = { .body_max = AUTH_TOKEN_BODY_MAX };
	struct str query = { 0 };
	int failed;

	if (a->service)
		url_add_query(&query, "service", a->service);
	url_add_query(&query, "scope", scope);
	if (c->identity_token) {
		url_add_query(&query, "grant_type", "refresh_token");
		url_add_query(&query, "client_id", CLIENT_ID);
		url_add_query(&query, "refresh_token", c->identity_token);
		q.method = "POST";
		q.headers = form;
		q.body = query.s;
		q.body_len = query.len;
		q.url = a->realm;
	} else {
		if (c->username) {
			url_add_query(&query, "account", c->username);
			basic = basic_header(c);
		}
		url = mem_printf("%s%c%s", a->realm, strchr(a->realm, '?') ? '&' : '?', query.s);
		q.max_redirects = HTTP_REDIRECTS;
		q.authorization = basic;
		q.url = url;
	}
	failed = http_persist(e, h, &q, ret);
	explicit_bzero(query.s, query.len);
	str_release(&query);
	return failed;
}

static int fetch_token(struct err *e, struct auth *a, struct http *h)
{
	struct http_response r = { 0 };
	int failed;

	if (check_realm(e, a) < 0)
		return -1;
	failed = ask_realm(e, a, h, &r);
	if (failed == 0 && r.status == 200)
		failed = read_token(e, a, &r);
	else if (failed == 0 && (r.status == 400 || r.status == 401 || r.status == 403))
		failed = auth_refused(e, a, r.status);
	else if (failed == 0)
		failed = err_set(e, ERR_RETRY, "'%.200s' answers %d to the request for a token",
		                 a->realm, r.status);
	if (r.body.s)
		explicit_bzero(r.body.s, r.body.len);
	http_response_release(&r);
	return failed;
}

/* ---- what the registry client calls ---- */

int auth_header(struct err *e, struct auth *a, struct http *h, char **ret)
{
	int failed = 0;

	pthread_mutex_lock(&a->lock);
	if (a->scheme == AUTH_BEARER && a->expires && clock_ms() >= a->expires)
		failed = fetch_token(e, a, h);
	if (failed == 0)
		*ret = a->header ? mem_dup(a->header) : NULL;
	pthread_mutex_unlock(&a->lock);
	return failed;
}

static const struct challenge *choose(const struct challenges *all)
{
	const struct challenge *basic = NULL;

	for (int i = 0; i < all->count; i++) {
		if (all->items[i].scheme == AUTH_BEARER && all->items[i].realm)
			return &all->items[i];
		if (all->items[i].scheme == AUTH_BASIC)
			basic = &all->items[i];
	}
	return basic;
}

static int do_as_asked(struct err *e, struct auth *a, struct http *h, const struct challenge *c,
                       const char *used)
{
	if (a->header && (!used || strcmp(a->header, used) != 0))
		return 0; /* another thread was here before */
	if (credentials_ask_helper(e, &a->credentials) < 0)
		return -1;
	a->scheme = c->scheme;
	if (c->scheme == AUTH_BASIC) {
		if (!a->credentials.username || (used && str_starts(used, "Basic ")))
			return auth_refused(e, a, 401);
		set_header(a, basic_header(&a->credentials), 0);
		return 0;
	}
	free(a->realm);
	free(a->service);
	a->realm = mem_dup(c->realm);
	a->service = c->service ? mem_dup(c->service) : NULL;
	return fetch_token(e, a, h);
}

int auth_answer(struct err *e, struct auth *a, struct http *h, const struct http_response *r,
                const char *used)
{
	struct challenges all = { 0 };
	struct str value = { 0 };
	const struct challenge *c;
	int failed;

	/* Whoever we were sent on to is not the registry: our secrets are none of its business. */
	if (r->redirected)
		return err_set(e, ERR_RETRY, "where registry '%s' sends us wants credentials (401)",
		               a->host);
	for (int n = 0; http_header(r, "WWW-Authenticate", n, &value); n++)
		if (!challenges_parse(value.s ? value.s : "", &all))
			log_debug("registry '%s': a challenge that is not understood: %s", a->host,
			          value.s ? value.s : "");
	str_release(&value);
	c = choose(&all);
	if (!c) {
		challenges_release(&all);
		return auth_refused(e, a, r->status);
	}
	pthread_mutex_lock(&a->lock);
	failed = do_as_asked(e, a, h, c, used);
	pthread_mutex_unlock(&a->lock);
	challenges_release(&all);
	return failed;
}
