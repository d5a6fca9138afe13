/* SPDX-License-Identifier: MIT */
#include "oci/registry.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "codec/json.h"
#include "io/behind.h"
#include "net/retry.h"
#include "net/url.h"
#include "oci/auth.h"
#include "oci/image.h"

#define HUB "docker.io"
#define HUB_API "registry-1.docker.io" /* docker.io itself serves no API */
#define IDENTITY "Accept-Encoding: identity"
#define NO_CACHE "Cache-Control: no-cache"
#define ACCEPT_ANY "Accept: */*"
#define ACCEPT_MANIFEST \
	"Accept: application/vnd.oci.image.index.v1+json, " \
	"application/vnd.docker.distribution.manifest.list.v2+json, " \
	"application/vnd.oci.image.manifest.v1+json, " \
	"application/vnd.docker.distribution.manifest.v2+json"
#define BLOB "blob"
#define REPEATS 2                  /* how often wrong content is fetched before it is refused */
#define PROGRESS_MIN (1024 * 1024) /* bytes after which a broken transfer starts counting anew */
#define CODE_MAX 64                /* characters of a registry's error code */

struct registry {
	char *host, *path, *tag; /* as in the reference */
	char *base;              /* "https://host/v2/path" */
	bool plain_http;
	struct trust *trust;
	struct auth *auth;
};

int registry_open(struct err *e, const struct registry_options *o, const struct reference *r,
                  struct registry **ret)
{
	const char *host = strcmp(r->host, HUB) == 0 ? HUB_API : r->host;
	CLEANUP(mem_freep)
	char *base = mem_printf("%s://%s/v2/%s", o->plain_http ? "http" : "https", host, r->path);
	struct credentials credentials = { 0 };
	struct trust *trust = NULL;
	struct url url = { 0 };
	bool loopback;

	if (url_parse(e, base, &url) < 0)
		return -1;
	loopback = url_is_loopback(&url);
	url_release(&url);
	if (o->plain_http && !loopback)
		return err_set(e, ERR_USAGE,
		               "registry '%s' is not on this machine: plain HTTP is not allowed",
		               r->host);
	if (credentials_find(e, o->config_file, r, &credentials) < 0)
		return -1;
	if (trust_open(e, o->ca_file, o->certs_dir, &trust) < 0) {
		credentials_release(&credentials);
		return -1;
	}
	*ret = mem_alloc(sizeof(**ret));
	**ret = (struct registry){ .host = mem_dup(r->host),
		                   .path = mem_dup(r->path),
		                   .tag = mem_dup(r->tag ? r->tag : ""),
		                   .base = STEAL(base),
		                   .plain_http = o->plain_http,
		                   .trust = trust,
		                   .auth = auth_new(r->host, r->path, &credentials,
		                                    o->plain_http) };
	return 0;
}

void registry_close(struct registry *r)
{
	if (!r)
		return;
	auth_free(r->auth);
	trust_close(r->trust);
	free(r->host);
	free(r->path);
	free(r->tag);
	free(r->base);
	free(r);
}

int registry_connect(struct err *e, const struct registry *r, bool (*stop)(void *ctx), void *ctx,
                     struct http **ret)
{
	struct http_options o = {
		.trust = r->trust, .plain_http = r->plain_http, .stop = stop, .ctx = ctx
	};

	return http_open(e, &o, ret);
}

void document_release(struct document *d)
{
	str_release(&d->text);
	free(d->media_type);
	free(d->next);
	*d = (struct document){ 0 };
}

/* ---- asking ---- */

/* One exchange; a 401 is answered once, whether it came first or in the middle of a pull. */
static int ask(struct err *e, struct registry *r, struct http *h, struct http_request *q,
               struct http_response *ret)
{
	for (bool renewed = false;; renewed = true) {
		CLEANUP(mem_freep) char *authorization = NULL;
		int failed;

		*ret = (struct http_response){ 0 };
		if (auth_header(e, r->auth, h, &authorization) < 0)
			return -1;
		q->authorization = authorization;
		failed = http_exchange(e, h, q, ret);
		q->authorization = NULL;
		if (failed < 0 || ret->status != 401 || renewed)
			return failed;
		failed = auth_answer(e, r->auth, h, ret, authorization);
		http_response_release(ret);
		if (failed < 0) {
			*ret = (struct http_response){ .status = 401 };
			return -1;
		}
	}
}

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

/* The error for an answer that is none of those that were hoped for. */
static int refused(struct err *e, const struct registry *r, const struct http_response *a,
                   const char *what)
{
	char code[CODE_MAX];

	error_code(a, code);
	if (a->redirected)
		return err_set(e, ERR_RETRY, "where registry '%s' sends us for %s answers %s",
		               r->host, what, code);
	if (a->status == 401 || a->status == 403)
		return auth_refused(e, r->auth, a->status);
	if (a->status == 404 && strcmp(what, BLOB) != 0)
		return err_set(e, ERR_RETRY, "no such image '%s/%s%s%s': registry says %s", r->host,
		               r->path,
		               str_starts(what, "sha256:") || str_starts(what, "sha512:") ? "@"
		                                                                          : ":",
		               what, code);
	return err_set(e, ERR_RETRY, "registry '%s' answers %s to a request for '%s' of '%s'",
	               r->host, code, what, r->path);
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

/* It is asked for with our authorization: it must be of this repository. */
static int find_next(struct err *e, const struct registry *r, const char *url,
                     const struct http_response *a, char **ret)
{
	CLEANUP(mem_freep) char *address = linked_next(a), *resolved = NULL;
	CLEANUP(mem_freep) char *api = mem_printf("/v2/%s/", r->path);
	struct url here = { 0 }, next = { 0 };
	int failed;

	if (!address)
		return 0;
	failed = url_resolve(e, url, address, &resolved);
	if (failed == 0)
		failed = url_parse(e, url, &here);
	if (failed == 0)
		failed = url_parse(e, resolved, &next);
	if (failed == 0 && (!url_same_origin(&here, &next) || !str_starts(next.rest, api)))
		failed = err_set(e, ERR_RETRY, "registry '%s' says that '%.100s' is its next page",
		                 r->host, resolved);
	url_release(&here);
	url_release(&next);
	if (failed == 0)
		*ret = STEAL(resolved);
	return failed;
}

/* `ret_absent` NULL: it must be there. */
static int ask_document(struct err *e, struct registry *r, struct http *h, struct http_request *q,
                        const char *what, struct document *ret, bool *ret_absent)
{
	struct http_response response = { 0 };
	struct http_retry retry = { 0 };
	struct str type = { 0 };
	int failed;

	for (;;) {
		failed = ask(e, r, h, q, &response);
		if (!http_again(h, &retry, &response, failed, e))
			break;
		http_response_release(&response);
	}
	if (ret_absent)
		*ret_absent = failed == 0 && is_absent(&response);
	if (failed == 0 && response.status != 200 && !(ret_absent && *ret_absent))
		failed = refused(e, r, &response, what);
	if (failed == 0 && ret_absent)
		failed = find_next(e, r, q->url, &response, &ret->next);
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

/* Wrong content may come from a cache on the way: it is fetched once more, past the cache. */
static int get_document(struct err *e, struct registry *r, struct http *h, const char *url,
                        const char *accept, const struct digest *want, const char *what,
                        struct document *ret)
{
	for (int i = 1;; i++) {
		const char *headers[] = { IDENTITY, accept, i > 1 ? NO_CACHE : NULL, NULL };
		struct http_request q = { .url = url,
			                  .headers = headers,
			                  .max_redirects = HTTP_REDIRECTS,
			                  .body_max = IMAGE_MANIFEST_MAX };
		struct document d = { 0 };

		if (ask_document(e, r, h, &q, what, &d, NULL) < 0)
			return -1;
		if (check_document(e, want, what, &d) == 0) {
			*ret = d;
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
	CLEANUP(mem_freep) char *url = NULL;
	char name[DIGEST_TEXT_MAX];

	if (want)
		digest_format(want, name);
	else
		snprintf(name, sizeof(name), "%s", r->tag);
	url = mem_printf("%s/manifests/%s", r->base, name);
	return get_document(e, r, h, url, ACCEPT_MANIFEST, want, name, ret);
}

int registry_optional(struct err *e, struct registry *r, struct http *h, const char *path,
                      struct document *ret, bool *ret_found)
{
	CLEANUP(mem_freep)
	char *url = strstr(path, "://") ? mem_dup(path) : mem_printf("%s/%s", r->base, path);
	const char *headers[] = { IDENTITY, ACCEPT_MANIFEST, NULL };
	struct http_request q = { .url = url,
		                  .headers = headers,
		                  .max_redirects = HTTP_REDIRECTS,
		                  .body_max = IMAGE_MANIFEST_MAX };
	struct document d = { 0 };
	bool absent;

	*ret_found = false;
	if (ask_document(e, r, h, &q, path, &d, &absent) < 0) {
		document_release(&d);
		return -1;
	}
	if (absent) {
		document_release(&d);
		return 0;
	}
	*ret_found = true;
	*ret = d;
	return check_document(e, NULL, path, ret);
}

static char *blob_url(const struct registry *r, const struct digest *d)
{
	char name[DIGEST_TEXT_MAX];

	digest_format(d, name);
	return mem_printf("%s/blobs/%s", r->base, name);
}

int registry_small_blob(struct err *e, struct registry *r, struct http *h,
                        const struct digest *want, int64_t size, struct document *ret)
{
	CLEANUP(mem_freep) char *url = blob_url(r, want);

	if (get_document(e, r, h, url, ACCEPT_ANY, want, BLOB, ret) < 0)
		return -1;
	if ((int64_t)ret->text.len == size)
		return 0;
	err_set(e, ERR_REJECTED, "blob has %zu bytes instead of %" PRId64, ret->text.len, size);
	document_release(ret);
	return -1;
}

/* ---- blobs ---- */

/* What is under way: bytes go meter -> behind -> store writer. */
struct blob {
	struct sink counter; /* first */
	struct registry *registry;
	struct store_writer *writer;
	struct sink *behind; /* during one attempt */
	struct meter *meter;
	int64_t size;
	int64_t offset; /* this attempt asked for what is behind it; 0: for all */
	bool whole;     /* the registry is not to be asked for parts (any more) */
	bool restart;   /* it sent another part than was asked for */
};

static int counter_write(struct err *e, struct sink *sink, const void *buf, size_t len)
{
	struct blob *b = (struct blob *)sink;

	if (sink_write(e, b->behind, buf, len) < 0)
		return -1;
	b->meter->have += (int64_t)len;
	b->meter->downloaded += (int64_t)len;
	return 0;
}

static const struct sink_ops counter_ops = { .write = counter_write };

/* RFC 9110, 14.4: exactly "bytes OFFSET-LAST/SIZE", where the size may be "*". */
static bool right_range(const struct http_response *r, const struct blob *b)
{
	struct str value = { 0 };
	char with_size[96], without[96];
	bool right;

	snprintf(with_size, sizeof(with_size), "bytes %" PRId64 "-%" PRId64 "/%" PRId64, b->offset,
	         b->size - 1, b->size);
	snprintf(without, sizeof(without), "bytes %" PRId64 "-%" PRId64 "/*", b->offset,
	         b->size - 1);
	right = http_header(r, "Content-Range", 0, &value) &&
	        (strcmp(value.s, with_size) == 0 || strcmp(value.s, without) == 0);
	str_release(&value);
	return right;
}

/* The answer to a request for a blob begins. Only 200 and the right 206 bring some of it. */
static int begin_blob(struct err *e, const struct http_response *r, void *ctx, struct sink **ret_to)
{
	struct blob *b = ctx;

	if (r->status != 200 && r->status != 206)
		return 0;
	if (r->status == 206 && b->offset == 0)
		return err_set(e, ERR_RETRY, "registry '%s' sends a part that was not asked for",
		               b->registry->host);
	if (r->status == 206 && !right_range(r, b)) {
		b->restart = true;
		return err_set(e, ERR_RETRY, "registry '%s' sends another part than was asked for",
		               b->registry->host);
	}
	if (r->status == 200 && r->content_length >= 0 && r->content_length != b->size)
		return err_set(e, ERR_REJECTED,
		               "registry '%s' sends %" PRId64 " bytes for a blob of %" PRId64,
		               b->registry->host, r->content_length, b->size);
	if (r->status == 200 && b->offset > 0) {
		if (store_writer_restart(e, b->writer) < 0)
			return -1;
		b->meter->have = 0;
	}
	if (behind_sink_new(e, store_writer_sink(b->writer), &b->behind) < 0)
		return -1;
	b->counter = (struct sink){ .ops = &counter_ops };
	*ret_to = &b->counter;
	return 0;
}

/* One request for what is missing. What came is in the writer when it returns. */
static int attempt(struct err *e, struct blob *b, struct http *h, const char *url, bool past_caches,
                   struct http_response *ret)
{
	CLEANUP(mem_freep) char *range = NULL;
	const char *headers[] = { IDENTITY, ACCEPT_ANY, NULL, NULL, NULL };
	struct http_request q = { .url = url,
		                  .headers = headers,
		                  .max_redirects = HTTP_REDIRECTS,
		                  .begin = begin_blob,
		                  .ctx = b };
	int n = 2, failed;

	b->offset = b->whole ? 0 : store_writer_size(b->writer);
	b->meter->have = store_writer_size(b->writer);
	if (b->offset)
		range = mem_printf("Range: bytes=%" PRId64 "-", b->offset);
	if (range)
		headers[n++] = range;
	if (past_caches)
		headers[n] = NO_CACHE;
	failed = ask(e, b->registry, h, &q, ret);
	sink_close(&b->counter);
	behind_sink_free(b->behind);
	b->behind = NULL;
	return failed;
}

/* What an attempt that did not bring the rest means: 0: go on, maybe after a pause; -1: the end. */
static int judge(struct err *e, struct blob *b, struct http_response *r, int failed,
                 bool *ret_pause)
{
	*ret_pause = false;
	if (b->restart || (failed == 0 && r->status == 416 && b->offset > 0)) {
		log_debug("registry '%s' cannot resume: from the beginning", b->registry->host);
		b->restart = false;
		b->whole = true;
		return store_writer_restart(e, b->writer);
	}
	*ret_pause = true;
	if (failed == 0 && (r->status == 200 || r->status == 206)) {
		r->transient = true;
		err_set(e, ERR_RETRY, "registry '%s' broke off in the middle of a blob",
		        b->registry->host);
		return 0;
	}
	if (failed == 0)
		refused(e, b->registry, r, BLOB);
	return r->transient ? 0 : -1;
}

static int download(struct err *e, struct blob *b, struct http *h, const char *url,
                    bool past_caches)
{
	struct http_retry retry = { 0 };

	while (store_writer_size(b->writer) < b->size) {
		int64_t before = store_writer_size(b->writer);
		struct http_response r = { 0 };
		int failed = attempt(e, b, h, url, past_caches, &r);
		bool more = true, pause;

		if (failed == 0 && store_writer_size(b->writer) == b->size &&
		    (r.status == 200 || r.status == 206)) {
			http_response_release(&r);
			return 0;
		}
		if (store_writer_size(b->writer) - before >= PROGRESS_MIN)
			retry = (struct http_retry){ 0 };
		if (judge(e, b, &r, failed, &pause) < 0)
			more = false;
		else if (pause)
			more = http_again(h, &retry, &r, -1, e);
		http_response_release(&r);
		if (!more)
			return -1;
	}
	return 0;
}

static int fetch_once(struct err *e, struct registry *r, struct http *h, const struct digest *want,
                      int64_t size, struct store *s, struct meter *m, bool past_caches)
{
	CLEANUP(store_writer_closep) struct store_writer *w = NULL;
	CLEANUP(mem_freep) char *url = blob_url(r, want);
	struct blob b = { .registry = r, .meter = m, .size = size };
	int64_t offset;

	if (store_writer_open(e, s, want, size, &w, &offset) < 0)
		return -1;
	if (offset > 0)
		log_debug("%s: going on at %" PRId64, url, offset);
	b.writer = w;
	m->have = offset;
	if (download(e, &b, h, url, past_caches) < 0) {
		if (e->code == ERR_REJECTED)
			store_writer_discard(w);
		return -1;
	}
	return sink_finish(e, store_writer_sink(w));
}

int registry_blob(struct err *e, struct registry *r, struct http *h, const struct digest *want,
                  int64_t size, struct store *s, struct meter *m)
{
	char name[DIGEST_TEXT_MAX];

	digest_format(want, name);
	for (int i = 1;; i++) {
		if (fetch_once(e, r, h, want, size, s, m, i > 1) == 0) {
			m->have = size;
			return 0;
		}
		if (e->code != ERR_REJECTED || i == REPEATS)
			return err_wrap(e, "blob %.19s", name);
		log_debug("%s: once more", e->msg);
	}
}
