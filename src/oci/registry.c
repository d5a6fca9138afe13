/* SPDX-License-Identifier: MIT */
#include "oci/registry.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "codec/json.h"
#include "net/retry.h"
#include "net/url.h"
#include "oci/ask.h"
#include "oci/image.h"

#define ACCEPT_MANIFEST \
	"Accept: application/vnd.oci.image.index.v1+json, " \
	"application/vnd.docker.distribution.manifest.list.v2+json, " \
	"application/vnd.oci.image.manifest.v1+json, " \
	"application/vnd.docker.distribution.manifest.v2+json"

/* ---- the registry ---- */

static int trust_endpoint(struct err *e, struct trust *t, const struct endpoint *p)
{
	const struct trust_origin o = { .address = p->root,
		                        .unverified = p->unverified,
		                        .ca_files = (const char *const *)p->ca_files,
		                        .client_cert = p->client_cert,
		                        .client_key = p->client_key,
		                        .dir = p->certs_dir };

	if (!o.unverified && !o.ca_files && !o.client_cert && !o.dir)
		return 0;
	return trust_add(e, t, &o) < 0 ? err_wrap(e, "registry host '%s'", p->host) : 0;
}

/* Credentials are those of the endpoint's own host: nobody gets another one's. */
static int open_server(struct err *e, const struct registry_options *o, struct registry *r,
                       const struct endpoint *p, struct server *ret)
{
	struct reference there = { .host = p->host, .path = r->path, .tag = r->tag };
	struct credentials credentials = { 0 };

	ret->endpoint = p;
	ret->base = mem_printf("%s/%s", p->root, r->path);
	if (credentials_find(e, o->config_file, o->credential_helpers, &there, &credentials) < 0)
		return -1;
	ret->auth = auth_new(p->host, r->path, &credentials, str_starts(p->root, "http:"));
	return trust_endpoint(e, r->trust, p);
}

static void list_plain_origins(struct registry *r)
{
	size_t n = 0;

	r->plain_origins = mem_alloc(((size_t)r->endpoints.count + 1) * sizeof(*r->plain_origins));
	for (int i = 0; i < r->endpoints.count; i++) {
		struct url u = { 0 };
		struct err ignored;

		if (!str_starts(r->endpoints.items[i].root, "http:") ||
		    url_parse(&ignored, r->endpoints.items[i].root, &u) < 0)
			continue;
		r->plain_origins[n++] = mem_printf("%s:%d", u.host, u.port);
		url_release(&u);
	}
}

static int open_servers(struct err *e, const struct registry_options *o, struct registry *r)
{
	r->servers = mem_alloc((size_t)r->endpoints.count * sizeof(*r->servers));
	for (int i = 0; i < r->endpoints.count; i++)
		if (open_server(e, o, r, &r->endpoints.items[i], &r->servers[i]) < 0)
			return -1;
	list_plain_origins(r);
	return 0;
}

int registry_open(struct err *e, const struct registry_options *o, const struct reference *r,
                  struct registry **ret)
{
	const struct endpoint_options where = { .hosts_dir = o->hosts_dir,
		                                .daemon_file = o->daemon_file,
		                                .insecure = o->insecure,
		                                .plain_http = o->plain_http };
	struct registry *registry = mem_alloc(sizeof(*registry));

	*registry = (struct registry){ .host = mem_dup(r->host),
		                       .path = mem_dup(r->path),
		                       .tag = mem_dup(r->tag ? r->tag : ""),
		                       .signed_required = o->signed_required,
		                       .plain_http = o->plain_http };
	if (endpoints_find(e, &where, r->host, &registry->endpoints) < 0 ||
	    trust_open(e, o->ca_file, o->certs_dir, &registry->trust) < 0 ||
	    open_servers(e, o, registry) < 0) {
		registry_close(registry);
		return -1;
	}
	*ret = registry;
	return 0;
}

void registry_close(struct registry *r)
{
	if (!r)
		return;
	for (int i = 0; r->servers && i < r->endpoints.count; i++) {
		auth_free(r->servers[i].auth);
		free(r->servers[i].base);
	}
	free(r->servers);
	endpoints_release(&r->endpoints);
	for (char **o = r->plain_origins; o && *o; o++)
		free(*o);
	free(r->plain_origins);
	trust_close(r->trust);
	free(r->host);
	free(r->path);
	free(r->tag);
	free(r);
}

int registry_connect(struct err *e, const struct registry *r, bool (*stop)(void *ctx), void *ctx,
                     struct http **ret)
{
	struct http_options o = { .trust = r->trust,
		                  .plain_http = r->plain_http,
		                  .plain_origins = (const char *const *)r->plain_origins,
		                  .stop = stop,
		                  .ctx = ctx };

	return http_open(e, &o, ret);
}

void document_release(struct document *d)
{
	str_release(&d->text);
	free(d->media_type);
	free(d->next);
	*d = (struct document){ 0 };
}

/* ---- documents ---- */

/* "There is none" in the words of those who never heard of what was asked for. */
static bool is_absent(const struct http_response *r)
{
	static const int statuses[] = { 400, 404, 405, 406, 501 };

	for (size_t i = 0; i < sizeof(statuses) / sizeof(*statuses); i++)
		if (r->status == statuses[i])
			return !r->redirected;
	return false;
}

/* The address in `Link: <ADDRESS>; rel="next"`; NULL when there is none. The caller frees. */
static char *linked_next(const struct http_response *a)
{
	struct str value = { 0 };
	char *address = NULL;

	for (int n = 0; !address && http_header(a, "Link", n, &value); n++) {
		const char *end = value.s && *value.s == '<' ? strchr(value.s, '>') : NULL;

		if (end && (strstr(end, "rel=\"next\"") || strstr(end, "rel=next")))
			address = mem_ndup(value.s + 1, (size_t)(end - value.s - 1));
		str_release(&value);
	}
	return address;
}

/* Is that address in the repository, on this server? */
static bool owns(const struct server *s, const char *address)
{
	CLEANUP(mem_freep) char *below = mem_printf("%s/", s->base);
	struct url here = { 0 }, there = { 0 };
	struct err ignored;
	bool own;

	if (url_parse(&ignored, below, &here) < 0)
		return false;
	if (url_parse(&ignored, address, &there) < 0) {
		url_release(&here);
		return false;
	}
	own = url_same_origin(&here, &there) && str_starts(there.rest, here.rest);
	url_release(&here);
	url_release(&there);
	return own;
}

/* It is asked for with our authorization: it must be of this repository. */
static int find_next(struct err *e, const struct server *s, const char *url,
                     const struct http_response *a, char **ret)
{
	CLEANUP(mem_freep) char *address = linked_next(a), *resolved = NULL;

	if (!address)
		return 0;
	if (url_resolve(e, url, address, &resolved) < 0)
		return -1;
	if (!owns(s, resolved))
		return err_set(e, ERR_RETRY, "registry '%s' says that '%.100s' is its next page",
		               s->endpoint->host, resolved);
	*ret = STEAL(resolved);
	return 0;
}

/* `ret_absent` NULL: it must be there. */
static int ask_document(struct err *e, const struct registry *r, struct server *s, struct http *h,
                        struct http_request *q, bool last, const char *what, struct document *ret,
                        bool *ret_absent)
{
	struct http_response response = { 0 };
	struct http_retry retry = { 0 };
	struct str type = { 0 };
	int failed;

	q->connect_ms = server_connect_ms(s, last);
	for (;;) {
		failed = server_ask(e, s, h, q, &response);
		if (!server_is_worth_waiting(s, last) ||
		    !http_again(h, &retry, &response, failed, e))
			break;
		http_response_release(&response);
	}
	if (ret_absent)
		*ret_absent = failed == 0 && is_absent(&response);
	if (failed == 0 && response.status != 200 && !(ret_absent && *ret_absent))
		failed = server_refused(e, r, s, &response, what);
	if (failed == 0 && ret_absent)
		failed = find_next(e, s, q->url, &response, &ret->next);
	if (failed == 0) {
		if (http_header(&response, "Content-Type", 0, &type))
			ret->media_type = str_steal(&type);
		ret->text = response.body;
		response.body = (struct str){ 0 };
	}
	http_response_release(&response);
	return failed;
}

static int check_document(struct err *e, const struct digest *want, const char *what,
                          struct document *d)
{
	char have[DIGEST_TEXT_MAX], wanted[DIGEST_TEXT_MAX];
	struct hash h;

	hash_init(&h, want ? want->algorithm : DIGEST_SHA256);
	hash_update(&h, d->text.s ? d->text.s : "", d->text.len);
	hash_final(&h, &d->digest);
	if (!want || digest_equal(want, &d->digest))
		return 0;
	digest_format(want, wanted);
	digest_format(&d->digest, have);
	return err_set(e, ERR_REJECTED, "%s should be %s but is %s",
	               strcmp(what, wanted) == 0 ? "manifest" : what, wanted, have);
}

/* What is looked for, in memory. */
struct wanted {
	const struct registry *registry;
	struct http *http;
	const char *path, *accept, *what;
	const struct digest *digest; /* NULL: not known */
	struct document *found;
};

/* Wrong content may come from a cache on the way: it is fetched once more, past the cache. */
static int get_document(struct err *e, struct server *s, bool last, void *ctx)
{
	const struct wanted *w = ctx;
	CLEANUP(mem_freep) char *url = server_url(s, w->path);

	for (int i = 1;; i++) {
		const char *headers[] = { IDENTITY, w->accept, i > 1 ? NO_CACHE : NULL, NULL };
		struct http_request q = { .url = url,
			                  .headers = headers,
			                  .max_redirects = HTTP_REDIRECTS,
			                  .body_max = IMAGE_MANIFEST_MAX };
		struct document d = { 0 };

		if (ask_document(e, w->registry, s, w->http, &q, last, w->what, &d, NULL) < 0)
			return -1;
		if (check_document(e, w->digest, w->what, &d) == 0) {
			*w->found = d;
			return 0;
		}
		document_release(&d);
		if (i == REPEATS)
			return -1;
		log_debug("%s: once more", e->msg);
	}
}

int registry_manifest(struct err *e, struct registry *r, struct http *h, const struct digest *want,
                      struct document *ret)
{
	CLEANUP(mem_freep) char *path = NULL;
	char name[DIGEST_TEXT_MAX];
	struct wanted w = { .registry = r,
		            .http = h,
		            .accept = ACCEPT_MANIFEST,
		            .what = name,
		            .digest = want,
		            .found = ret };

	if (want)
		digest_format(want, name);
	else
		snprintf(name, sizeof(name), "%s", r->tag);
	path = mem_printf("manifests/%s", name);
	w.path = path;
	return registry_each(e, r, h, want ? WANT_CONTENT : WANT_TAG, get_document, &w);
}

int registry_small_blob(struct err *e, struct registry *r, struct http *h,
                        const struct digest *want, int64_t size, struct document *ret)
{
	CLEANUP(mem_freep) char *path = NULL;
	char name[DIGEST_TEXT_MAX];
	struct wanted w = { .registry = r,
		            .http = h,
		            .accept = ACCEPT_ANY,
		            .what = BLOB,
		            .digest = want,
		            .found = ret };

	digest_format(want, name);
	path = mem_printf("blobs/%s", name);
	w.path = path;
	if (registry_each(e, r, h, WANT_CONTENT, get_document, &w) < 0)
		return -1;
	if ((int64_t)ret->text.len == size)
		return 0;
	err_set(e, ERR_REJECTED, "blob has %zu bytes instead of %" PRId64, ret->text.len, size);
	document_release(ret);
	return -1;
}

/* ---- documents that need not be there ---- */

/* A list of referrers in which there are none: another host may know some. */
static bool is_empty_list(const char *path, const struct document *d)
{
	CLEANUP(json_freep) struct json *list = NULL;
	struct err ignored;

	return str_starts(path, "referrers/") && d->text.len && !d->next &&
	       json_parse(&ignored, ERR_REJECTED, "", d->text.s, d->text.len, &list) == 0 &&
	       json_is_array(json_get(list, "manifests")) &&
	       json_length(json_get(list, "manifests")) == 0;
}

static int ask_optional(struct err *e, const struct registry *r, struct server *s, struct http *h,
                        const char *path, bool last, struct document *ret, bool *ret_found)
{
	bool page = strstr(path, "://");
	CLEANUP(mem_freep) char *url = page ? mem_dup(path) : server_url(s, path);
	const char *headers[] = { IDENTITY, ACCEPT_MANIFEST, NULL };
	struct http_request q = { .url = url,
		                  .headers = headers,
		                  .max_redirects = HTTP_REDIRECTS,
		                  .body_max = IMAGE_MANIFEST_MAX };
	struct document d = { 0 };
	bool absent;

	*ret_found = false;
	if (ask_document(e, r, s, h, &q, last, path, &d, &absent) < 0 || absent) {
		document_release(&d);
		return absent ? 0 : -1;
	}
	*ret_found = true;
	*ret = d;
	return check_document(e, NULL, path, ret);
}

/* A page stands where the one before it did. */
static int ask_page(struct err *e, struct registry *r, struct http *h, const char *page,
                    struct document *ret, bool *ret_found)
{
	for (int i = 0; i < r->endpoints.count; i++)
		if (owns(&r->servers[i], page))
			return ask_optional(e, r, &r->servers[i], h, page, true, ret, ret_found);
	return err_set(e, ERR_BUG, "'%.100s' is no page of '%s'", page, r->host);
}

/* One search through the servers. */
struct search {
	const char *path;
	struct document *found;
	struct document empty; /* a list with nothing in it, of the first who had one */
	bool answer;           /* the origin could say whether it has such a thing */
};

static bool is_to_be_asked(const struct registry *r, int i, bool origin)
{
	const struct endpoint *p = &r->endpoints.items[i];

	if (p->origin != origin || (!origin && !p->pull))
		return false;
	return !(p->fallback && r->servers[i - 1].answered) &&
	       !(r->servers[i].down && server_is_expendable(r, i));
}

/* Is it a find? *d is taken or released. */
static bool take_find(struct search *q, struct document *d)
{
	if (!is_empty_list(q->path, d)) {
		*q->found = *d;
		return true;
	}
	if (q->empty.text.len)
		document_release(d);
	else
		q->empty = *d;
	return false;
}

/* Among the origin's servers, or among the mirrors. false: it is not there, or *e says why that is not known. */
static bool look(struct err *e, struct registry *r, struct http *h, bool origin, struct search *q)
{
	for (int i = 0; i < r->endpoints.count; i++) {
		struct server *s = &r->servers[i];
		bool wait = !server_is_expendable(r, i) && !s->down;
		struct document d = { 0 };
		bool found;

		if (!is_to_be_asked(r, i, origin))
			continue;
		if (ask_optional(e, r, s, h, q->path, wait, &d, &found) < 0) {
			log_debug("'%s' is passed over: %s", s->endpoint->host, e->msg);
			if (!s->answered)
				s->down = true;
			continue;
		}
		q->answer = q->answer || origin;
		if (found && take_find(q, &d))
			return true;
	}
	return false;
}

/*
 * What is found this way proves itself, so it may also come from a mirror; but the origin knows best, and
 * only it can say that there is none.
 */
int registry_optional(struct err *e, struct registry *r, struct http *h, const char *path,
                      struct document *ret, bool *ret_found)
{
	struct search q = { .path = path, .found = ret };
	struct err mirror;

	if (strstr(path, "://"))
		return ask_page(e, r, h, path, ret, ret_found);
	*ret_found =
		look(e, r, h, true, &q) || (!http_stopped(h) && look(&mirror, r, h, false, &q));
	if (!*ret_found && q.empty.text.len) {
		*ret_found = true;
		*ret = q.empty;
		return check_document(e, NULL, path, ret);
	}
	document_release(&q.empty);
	return *ret_found || q.answer ? 0 : -1;
}
