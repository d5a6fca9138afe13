/* SPDX-License-Identifier: MIT */
/* registry_blob(): a layer, resumed where it broke off. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "io/behind.h"
#include "net/retry.h"
#include "oci/ask.h"

#define PROGRESS_MIN (1024 * 1024) /* bytes after which a broken transfer starts counting anew */

/* What is under way: bytes go meter -> behind -> store writer. */
struct blob {
	struct sink counter; /* first */
	const struct registry *registry;
	struct server *server;
	bool last; /* there is no other server for it */
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
		               b->server->endpoint->host);
	if (r->status == 206 && !right_range(r, b)) {
		b->restart = true;
		return err_set(e, ERR_RETRY, "registry '%s' sends another part than was asked for",
		               b->server->endpoint->host);
	}
	if (r->status == 200 && r->content_length >= 0 && r->content_length != b->size)
		return err_set(e, ERR_REJECTED,
		               "registry '%s' sends %" PRId64 " bytes for a blob of %" PRId64,
		               b->server->endpoint->host, r->content_length, b->size);
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
		                  .connect_ms = server_connect_ms(b->server, b->last),
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
	failed = server_ask(e, b->server, h, &q, ret);
	sink_close(&b->counter);
	/* What came last may be what is too much, or what the disk does not take: no attempt mends that. */
	if (b->behind && behind_sink_drain(e, b->behind) < 0) {
		ret->transient = false;
		failed = -1;
	}
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
		log_debug("registry '%s' cannot resume: from the beginning",
		          b->server->endpoint->host);
		b->restart = false;
		b->whole = true;
		return store_writer_restart(e, b->writer);
	}
	*ret_pause = true;
	if (failed == 0 && (r->status == 200 || r->status == 206)) {
		r->transient = true;
		err_set(e, ERR_RETRY, "registry '%s' broke off in the middle of a blob",
		        b->server->endpoint->host);
		return 0;
	}
	if (failed == 0)
		server_refused(e, b->registry, b->server, r, BLOB);
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
			more = server_is_worth_waiting(b->server, b->last) &&
			       http_again(h, &retry, &r, -1, e);
		http_response_release(&r);
		if (!more)
			return -1;
	}
	return 0;
}

/* A blob that is wanted, of whichever server. */
struct wanted {
	const struct registry *registry;
	struct http *http;
	const struct digest *digest;
	int64_t size;
	struct store *store;
	struct meter *meter;
};

static int fetch_once(struct err *e, struct server *s, bool last, const struct wanted *w,
                      bool past_caches)
{
	CLEANUP(store_writer_closep) struct store_writer *writer = NULL;
	CLEANUP(mem_freep) char *url = server_blob_url(s, w->digest);
	struct blob b = { .registry = w->registry,
		          .server = s,
		          .last = last,
		          .meter = w->meter,
		          .size = w->size };
	int64_t offset;

	if (store_writer_open(e, w->store, w->digest, w->size, &writer, &offset) < 0)
		return -1;
	if (offset > 0)
		log_debug("%s: going on at %" PRId64, url, offset);
	b.writer = writer;
	w->meter->have = offset;
	if (download(e, &b, w->http, url, past_caches) < 0) {
		if (e->code == ERR_REJECTED)
			store_writer_discard(writer);
		return -1;
	}
	return sink_finish(e, store_writer_sink(writer));
}

static int fetch_from(struct err *e, struct server *s, bool last, void *ctx)
{
	const struct wanted *w = ctx;

	for (int i = 1;; i++) {
		if (fetch_once(e, s, last, w, i > 1) == 0)
			return 0;
		/* part of what was wrong may have come from another server */
		if (e->code != ERR_REJECTED || i == REPEATS)
			return -1;
		log_debug("%s: once more", e->msg);
	}
}

int registry_blob(struct err *e, struct registry *r, struct http *h, const struct digest *want,
                  int64_t size, struct store *s, struct meter *m)
{
	struct wanted w = {
		.registry = r, .http = h, .digest = want, .size = size, .store = s, .meter = m
	};
	char name[DIGEST_TEXT_MAX];

	digest_format(want, name);
	if (registry_each(e, r, h, WANT_CONTENT, fetch_from, &w) < 0)
		return err_wrap(e, "blob %.19s", name);
	m->have = size;
	return 0;
}
