/* SPDX-License-Identifier: MIT */
#include "oci/collect.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

/* A place that keeps what it is asked for on its way from another one. */
struct recorder {
	struct discover_place from;
	struct store *store;
	struct collection *found;
};

void collection_release(struct collection *c)
{
	for (int i = 0; i < c->count; i++) {
		free(c->items[i].media_type);
		free(c->items[i].tag);
	}
	free(c->items);
	*c = (struct collection){ 0 };
}

static bool has(const struct collection *c, const struct digest *d)
{
	for (int i = 0; i < c->count; i++)
		if (digest_equal(&c->items[i].digest, d))
			return true;
	return false;
}

static int record(struct err *e, struct recorder *r, const struct document *d,
                  const char *media_type, const char *tag)
{
	struct collection *c = r->found;

	if (has(c, &d->digest))
		return 0;
	if (store_put(e, r->store, &d->digest, d->text.s ? d->text.s : "", d->text.len) < 0)
		return -1;
	c->items = mem_grow(c->items, (size_t)c->count + 1, sizeof(*c->items));
	c->items[c->count++] = (struct collected){
		.digest = d->digest,
		.size = (int64_t)d->text.len,
		.media_type = media_type ? mem_dup(media_type) : NULL,
		.tag = tag ? mem_dup(tag) : NULL,
	};
	return 0;
}

static int record_blob(struct err *e, void *ctx, const struct digest *d, int64_t size,
                       struct document *ret)
{
	struct recorder *r = ctx;

	if (r->from.ops->blob(e, r->from.ctx, d, size, ret) < 0)
		return -1;
	ret->digest = *d;
	if (record(e, r, ret, NULL, NULL) == 0)
		return 0;
	document_release(ret);
	return -1;
}

/* What a manifest needs besides the layers that were looked at: nothing here, tools want it. */
static int record_parts(struct err *e, struct recorder *r, const struct json *part)
{
	CLEANUP(document_release) struct document d = { 0 };
	const char *text = json_str(part, "digest");
	int64_t size = json_int(part, "size", -1);
	struct digest digest;

	if (!text || size < 0 || size > SIGNATURE_DOCUMENT_MAX)
		return err_set(e, ERR_REJECTED, "a part of a signature is no descriptor");
	if (digest_parse(e, text, &digest) < 0)
		return -1;
	return has(r->found, &digest) ? 0 : record_blob(e, r, &digest, size, &d);
}

static int record_manifest(struct err *e, struct recorder *r, const struct document *d,
                           const char *name)
{
	CLEANUP(json_freep) struct json *doc = NULL;
	const char *type;

	if (json_parse(e, ERR_REJECTED, "signature", d->text.s ? d->text.s : "", d->text.len,
	               &doc) < 0)
		return -1;
	if (!json_get(doc, "layers"))
		return 0; /* an index of referrers: the layout's own serves as one */
	if (json_length(json_get(doc, "layers")) > SIGNATURES_MAX)
		return err_set(e, ERR_REJECTED, "more than %d signatures", SIGNATURES_MAX);
	if (record_parts(e, r, json_get(doc, "config")) < 0)
		return -1;
	for (const struct json *l = json_first(json_get(doc, "layers")); l; l = json_next(l))
		if (record_parts(e, r, l) < 0)
			return -1;
	type = json_str(doc, "mediaType");
	return record(e, r, d, type ? type : "application/vnd.oci.image.manifest.v1+json",
	              str_starts(name, "sha256-") ? name : NULL);
}

static int record_document(struct err *e, void *ctx, const char *name, struct document *ret,
                           bool *ret_found)
{
	struct recorder *r = ctx;
	struct err why;

	if (r->from.ops->document(e, r->from.ctx, name, ret, ret_found) < 0)
		return -1;
	if (!*ret_found || record_manifest(&why, r, ret, name) == 0 || why.code == ERR_REJECTED)
		return 0;
	*e = why;
	document_release(ret);
	return -1;
}

static int pass_referrers(struct err *e, void *ctx, const struct digest *top, const char *next,
                          struct document *ret, bool *ret_found)
{
	const struct recorder *r = ctx;

	return r->from.ops->referrers(e, r->from.ctx, top, next, ret, ret_found);
}

int collect_signatures(struct err *e, struct discover_place from, const struct digest *top,
                       struct store *s, struct collection *ret)
{
	static const struct discover_ops ops = { .document = record_document,
		                                 .blob = record_blob,
		                                 .referrers = pass_referrers };
	struct recorder r = { .from = from, .store = s, .found = ret };
	const struct discover_place through = { &ops, &r };
	CLEANUP(signature_list_release) struct signature_list unused = { 0 };

	if (top->algorithm != DIGEST_SHA256)
		return 0;
	if (discover_signatures(e, through, top, SIGNATURE_CLASSIC, &unused) < 0)
		return -1;
	return discover_signatures(e, through, top, SIGNATURE_BUNDLE, &unused);
}
