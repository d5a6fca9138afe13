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

#define HUB "docker.io"
#define HUB_API "registry-1.docker.io" /* docker.io itself serves no API */
#define ACCEPT_MANIFEST \
	"Accept: application/vnd.oci.image.index.v1+json, " \
	"application/vnd.docker.distribution.manifest.list.v2+json, " \
	"application/vnd.oci.image.manifest.v1+json, " \
	"application/vnd.docker.distribution.manifest.v2+json"
#define CODE_MAX 64 /* characters of a registry's error code */

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
	if (credentials_find(e, o->config_file, o->credential_helpers, r, &credentials) < 0)
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

int registry_ask(struct err *e, struct registry *r, struct http *h, struct http_request *q,
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

int registry_refused(struct err *e, const struct registry *r, const struct http_response *a,
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
		failed = registry_ask(e, r, h, q, &response);
		if (!http_again(h, &retry, &response, failed, e))
			break;
		http_response_release(&response);
	}
	if (ret_absent)
		*ret_absent = failed == 0 && is_absent(&response);
	if (failed == 0 && response.status != 200 && !(ret_absent && *ret_absent))
		failed = registry_refused(e, r, &response, what);
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

char *registry_blob_url(const struct registry *r, const struct digest *d)
{
	char name[DIGEST_TEXT_MAX];

	digest_format(d, name);
	return mem_printf("%s/blobs/%s", r->base, name);
}

int registry_small_blob(struct err *e, struct registry *r, struct http *h,
                        const struct digest *want, int64_t size, struct document *ret)
{
	CLEANUP(mem_freep) char *url = registry_blob_url(r, want);

	if (get_document(e, r, h, url, ACCEPT_ANY, want, BLOB, ret) < 0)
		return -1;
	if ((int64_t)ret->text.len == size)
		return 0;
	err_set(e, ERR_REJECTED, "blob has %zu bytes instead of %" PRId64, ret->text.len, size);
	document_release(ret);
	return -1;
}
