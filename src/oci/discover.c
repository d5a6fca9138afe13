/* SPDX-License-Identifier: MIT */
#include "oci/discover.h"

#include <string.h>

#include "base/mem.h"
#include "net/url.h"

#define ANNOTATION "dev.cosignproject.cosign/signature"
#define EMPTY_TYPE "application/vnd.oci.empty.v1+json"

static const struct json_reader manifest_reader = { ERR_REJECTED, "signature manifest" };
static const struct json_reader index_reader = { ERR_REJECTED, "index of referrers" };

/* One search. */
struct search {
	struct discover_place from;
	const struct digest *top;
	enum signature_format format;
	struct signature_list *found;
	int looked; /* manifests that an index led to, of whatever type: each costs a request */
};

/*
 * After a failure: what is wrong with the content is told of the signature, which then is no
 * signature; all else is an error of the search.
 */
static int add_malformed(struct err *e, struct search *s)
{
	if (e->code != ERR_REJECTED)
		return -1;
	signature_list_add(s->found, s->format)->malformed = mem_dup(e->msg);
	return 0;
}

static int parse(struct err *e, const struct json_reader *r, const struct document *d,
                 enum document_kind want, struct json **ret)
{
	enum document_kind kind;

	if (json_parse(e, r->code, r->name, d->text.s ? d->text.s : "", d->text.len, ret) < 0)
		return -1;
	if (image_document_kind(e, *ret, d->media_type, &kind) < 0)
		return err_wrap(e, "%s", r->name);
	if (kind != want)
		return err_set(e, r->code, "%s: it is %s", r->name,
		               kind == DOCUMENT_INDEX ? "an index" : "a manifest");
	return 0;
}

/* The document that a layer stands for, of the one type that is wanted. */
static int get_layer(struct err *e, struct search *s, const struct json *layer, const char *type,
                     struct document *ret)
{
	const struct json_reader *r = &manifest_reader;
	struct digest digest;
	const char *text;
	int64_t size;

	if (!json_is_object(layer))
		return err_set(e, r->code, "%s: a layer is not an object", r->name);
	if (json_need_str(e, r, layer, "mediaType", &text) < 0)
		return -1;
	if (strcmp(text, type) != 0)
		return err_set(e, r->code, "%s: a layer of type '%.100s'", r->name, text);
	if (json_need_str(e, r, layer, "digest", &text) < 0 || digest_parse(e, text, &digest) < 0 ||
	    json_need_int(e, r, layer, "size", &size) < 0)
		return -1;
	if (size > SIGNATURE_DOCUMENT_MAX)
		return err_set(e, r->code, "%s: a layer of more than %d bytes", r->name,
		               SIGNATURE_DOCUMENT_MAX);
	return s->from.ops->blob(e, s->from.ctx, &digest, size, ret);
}

/* ---- classic ---- */

static int take_classic(struct err *e, struct search *s, const struct json *layer)
{
	CLEANUP(document_release) struct document d = { 0 };
	struct signature *item;
	const char *value;

	if (json_need_str(e, &manifest_reader, json_get(layer, "annotations"), ANNOTATION, &value) <
	            0 ||
	    get_layer(e, s, layer, SIGNATURE_PAYLOAD_TYPE, &d) < 0)
		return add_malformed(e, s);
	item = signature_list_add(s->found, s->format);
	item->document = d.text;
	d.text = (struct str){ 0 };
	item->value = mem_dup(value);
	return 0;
}

static int find_classic(struct err *e, struct search *s)
{
	CLEANUP(document_release) struct document d = { 0 };
	CLEANUP(json_freep) struct json *manifest = NULL;
	CLEANUP(mem_freep) char *name = NULL;
	char hex[DIGEST_TEXT_MAX];
	const struct json *layers;
	bool found;

	name = mem_printf("sha256-%s.sig", digest_hex(s->top, hex));
	if (s->from.ops->document(e, s->from.ctx, name, &d, &found) < 0)
		return add_malformed(e, s);
	if (!found)
		return 0;
	if (parse(e, &manifest_reader, &d, DOCUMENT_MANIFEST, &manifest) < 0 ||
	    json_need_array(e, &manifest_reader, manifest, "layers", &layers) < 0)
		return add_malformed(e, s);
	/* before anything is fetched */
	if (json_length(layers) > SIGNATURES_MAX)
		return err_set(e, ERR_REJECTED, "more than %d classic signatures", SIGNATURES_MAX);
	for (const struct json *l = json_first(layers); l; l = json_next(l))
		if (take_classic(e, s, l) < 0)
			return -1;
	return 0;
}

/* ---- bundle ---- */

/* May the entry of an index lead to a bundle? cosign 3 writes the type of the configuration into the
 * index where the registry does not make it, and that is the type for nothing at all. */
static bool is_candidate(const struct json *entry)
{
	const char *type = json_str(entry, "artifactType");

	return !type || strcmp(type, SIGNATURE_BUNDLE_TYPE) == 0 || strcmp(type, EMPTY_TYPE) == 0;
}

static int get_referrer(struct err *e, struct search *s, const struct json *entry,
                        struct json **ret)
{
	const struct json_reader *r = &index_reader;
	CLEANUP(document_release) struct document d = { 0 };
	struct digest digest;
	const char *text;
	bool found;

	if (!json_is_object(entry))
		return err_set(e, r->code, "%s: an entry is not an object", r->name);
	if (json_need_str(e, r, entry, "digest", &text) < 0 || digest_parse(e, text, &digest) < 0)
		return -1;
	if (s->from.ops->document(e, s->from.ctx, text, &d, &found) < 0)
		return -1;
	/* nobody keeps the index of a tag in step with what is deleted */
	if (!found || !digest_equal(&d.digest, &digest))
		return err_set(e, r->code, "%s: '%s' is %s", r->name, text,
		               found ? "something else" : "missing");
	return parse(e, &manifest_reader, &d, DOCUMENT_MANIFEST, ret);
}

static int take_referrer(struct err *e, struct search *s, const struct json *entry)
{
	CLEANUP(document_release) struct document d = { 0 };
	CLEANUP(json_freep) struct json *manifest = NULL;
	const struct json *layers;
	struct signature *item;
	const char *type;

	if (get_referrer(e, s, entry, &manifest) < 0)
		return add_malformed(e, s);
	type = json_str(manifest, "artifactType");
	if (!type || strcmp(type, SIGNATURE_BUNDLE_TYPE) != 0)
		return 0;
	if (json_need_array(e, &manifest_reader, manifest, "layers", &layers) < 0)
		return add_malformed(e, s);
	if (json_length(layers) != 1) {
		err_set(e, ERR_REJECTED, "%s: %d layers instead of one", manifest_reader.name,
		        json_length(layers));
		return add_malformed(e, s);
	}
	if (get_layer(e, s, json_first(layers), SIGNATURE_BUNDLE_TYPE, &d) < 0)
		return add_malformed(e, s);
	item = signature_list_add(s->found, s->format);
	item->document = d.text;
	d.text = (struct str){ 0 };
	return 0;
}

static int take_index(struct err *e, struct search *s, const struct document *d)
{
	CLEANUP(json_freep) struct json *index = NULL;
	const struct json *entries;

	if (parse(e, &index_reader, d, DOCUMENT_INDEX, &index) < 0 ||
	    json_need_array(e, &index_reader, index, "manifests", &entries) < 0)
		return add_malformed(e, s);
	for (const struct json *m = json_first(entries); m; m = json_next(m)) {
		if (!is_candidate(m))
			continue;
		if (++s->looked > SIGNATURES_MAX)
			return err_set(e, ERR_REJECTED, "more than %d bundle signatures",
			               SIGNATURES_MAX);
		if (take_referrer(e, s, m) < 0)
			return -1;
	}
	return 0;
}

static int take_tag(struct err *e, struct search *s)
{
	CLEANUP(document_release) struct document d = { 0 };
	CLEANUP(mem_freep) char *name = NULL;
	char hex[DIGEST_TEXT_MAX];
	bool found;

	name = mem_printf("sha256-%s", digest_hex(s->top, hex));
	if (s->from.ops->document(e, s->from.ctx, name, &d, &found) < 0)
		return add_malformed(e, s);
	return found ? take_index(e, s, &d) : 0;
}

/* A server that answers everything with a page of its own does not list referrers. */
static bool is_list(const struct document *d)
{
	return d->media_type && str_starts(d->media_type, DISCOVER_INDEX_TYPE);
}

/* *ret_listed: the place can list referrers. */
static int take_pages(struct err *e, struct search *s, bool *ret_listed)
{
	CLEANUP(mem_freep) char *next = NULL;

	*ret_listed = true;
	for (int page = 1; page == 1 || next; page++) {
		CLEANUP(document_release) struct document d = { 0 };
		bool found;

		if (page > DISCOVER_PAGES_MAX)
			return err_set(e, ERR_REJECTED, "a list of referrers of more than %d pages",
			               DISCOVER_PAGES_MAX);
		if (s->from.ops->referrers(e, s->from.ctx, s->top, next, &d, &found) < 0)
			return add_malformed(e, s);
		if (page == 1 && (!found || !is_list(&d))) {
			*ret_listed = false;
			return 0;
		}
		if (!found)
			return err_set(e, ERR_RETRY, "a page of the list of referrers is missing");
		if (take_index(e, s, &d) < 0)
			return -1;
		mem_freep(&next);
		next = STEAL(d.next);
	}
	return 0;
}

static int find_bundles(struct err *e, struct search *s)
{
	bool listed;

	if (take_pages(e, s, &listed) < 0)
		return -1;
	return listed ? 0 : take_tag(e, s);
}

int discover_signatures(struct err *e, struct discover_place from, const struct digest *top,
                        enum signature_format f, struct signature_list *ret)
{
	struct search s = { .from = from, .top = top, .format = f, .found = ret };

	if (top->algorithm != DIGEST_SHA256)
		return err_set(e, ERR_REJECTED, "signatures are of sha256 digests only");
	return f == SIGNATURE_BUNDLE ? find_bundles(e, &s) : find_classic(e, &s);
}

/* ---- a registry as such a place ---- */

static int registry_document(struct err *e, void *ctx, const char *name, struct document *ret,
                             bool *ret_found)
{
	const struct discover_registry *r = ctx;
	CLEANUP(mem_freep) char *path = mem_printf("manifests/%s", name);

	return registry_optional(e, r->registry, r->http, path, ret, ret_found);
}

static int registry_signature_blob(struct err *e, void *ctx, const struct digest *d, int64_t size,
                                   struct document *ret)
{
	const struct discover_registry *r = ctx;

	return registry_small_blob(e, r->registry, r->http, d, size, ret);
}

static int registry_referrers(struct err *e, void *ctx, const struct digest *top, const char *next,
                              struct document *ret, bool *ret_found)
{
	const struct discover_registry *r = ctx;
	CLEANUP(str_release) struct str query = { 0 };
	CLEANUP(mem_freep) char *path = NULL;
	char name[DIGEST_TEXT_MAX];

	if (next)
		return registry_optional(e, r->registry, r->http, next, ret, ret_found);
	url_add_query(&query, "artifactType", SIGNATURE_BUNDLE_TYPE);
	digest_format(top, name);
	path = mem_printf("referrers/%s?%s", name, query.s);
	return registry_optional(e, r->registry, r->http, path, ret, ret_found);
}

struct discover_place discover_in_registry(struct discover_registry *r)
{
	static const struct discover_ops ops = { .document = registry_document,
		                                 .blob = registry_signature_blob,
		                                 .referrers = registry_referrers };

	return (struct discover_place){ &ops, r };
}
