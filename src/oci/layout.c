/* SPDX-License-Identifier: MIT */
#include "oci/layout.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "oci/kept.h"

#define NAMES_TOLD 10 /* of those to choose from */

static const struct json_reader reader = { ERR_REJECTED, "index.json" };

void layout_images_add(struct layout_images *l, const struct digest *top, const char *name,
                       bool whole)
{
	l->items = mem_grow(l->items, (size_t)l->count + 1, sizeof(*l->items));
	l->items[l->count++] = (struct layout_image){ .top = *top,
		                                      .name = name ? mem_dup(name) : NULL,
		                                      .whole = whole };
}

void layout_images_release(struct layout_images *l)
{
	for (int i = 0; i < l->count; i++)
		free(l->items[i].name);
	free(l->items);
	*l = (struct layout_images){ 0 };
}

bool layout_is_plain(const char *name)
{
	for (; *name; name++)
		if (*name <= ' ' || *name > '~')
			return false;
	return true;
}

/* ---- which entries are images ---- */

static const char *annotation(const struct json *entry, const char *name)
{
	return json_str(json_get(entry, "annotations"), name);
}

/* "sha256-HEX", "sha256-HEX.sig" and the like: a tag that says of what it is. */
static bool is_attached_name(const char *name)
{
	const char *colon = name ? strrchr(name, ':') : NULL;
	const char *tag = colon ? colon + 1 : name;

	return tag && str_starts(tag, "sha256-") &&
	       strspn(tag + strlen("sha256-"), "0123456789abcdef") == 64;
}

/* The manifest itself decides; one that is missing will be missed. */
static bool is_attached_document(const struct store *s, const struct digest *d)
{
	CLEANUP(document_release) struct document doc = { 0 };
	CLEANUP(json_freep) struct json *json = NULL;
	struct err ignored;

	return kept_document(s, d, &doc) &&
	       json_parse(&ignored, ERR_REJECTED, "", doc.text.s, doc.text.len, &json) == 0 &&
	       (json_get(json, "subject") || json_get(json, "artifactType"));
}

static bool is_attached(const struct store *s, const struct json *entry, const struct digest *d)
{
	const char *kind = annotation(entry, LAYOUT_KIND);

	return is_attached_name(annotation(entry, LAYOUT_REF_NAME)) ||
	       (kind && str_starts(kind, "dev.cosignproject.cosign/") &&
	        !str_starts(kind, "dev.cosignproject.cosign/image")) ||
	       json_get(entry, "artifactType") || is_attached_document(s, d);
}

static bool is_whole(const char *name)
{
	struct reference r = { 0 };
	struct err ignored;
	bool whole = strchr(name, '/') && reference_parse(&ignored, name, &r) == 0;

	reference_release(&r);
	return whole;
}

int layout_list(struct err *e, const struct json *index, const struct store *s,
                struct layout_images *ret)
{
	const struct json *entries;

	if (json_need_array(e, &reader, index, "manifests", &entries) < 0)
		return -1;
	if (json_length(entries) > IMPORT_IMAGES_MAX)
		return err_set(e, ERR_REJECTED, "index.json has more than %d entries",
		               IMPORT_IMAGES_MAX);
	for (const struct json *m = json_first(entries); m; m = json_next(m)) {
		const char *text, *name = annotation(m, LAYOUT_IMAGE_NAME);
		struct digest d;

		if (!json_is_object(m))
			return err_set(e, ERR_REJECTED, "index.json: an entry is not an object");
		if (json_need_str(e, &reader, m, "digest", &text) < 0 ||
		    digest_parse(e, text, &d) < 0)
			return -1;
		if (is_attached(s, m, &d))
			continue;
		if (!name || !is_whole(name))
			name = annotation(m, LAYOUT_REF_NAME);
		if (name && !layout_is_plain(name))
			name = NULL;
		layout_images_add(ret, &d, name, name && is_whole(name));
	}
	return 0;
}

bool layout_has_all(const struct json *index)
{
	const char *text = json_is_object(index) ? annotation(index, LAYOUT_SIGNATURES) : NULL;

	return text && strcmp(text, LAYOUT_SIGNATURES_ALL) == 0;
}

/* ---- which of them ---- */

static int choose_from(struct err *e, const struct layout_images *l, const struct origin *o)
{
	CLEANUP(str_release) struct str list = { 0 };
	char digest[DIGEST_TEXT_MAX];

	for (int i = 0; i < l->count && i < NAMES_TOLD; i++) {
		digest_format(&l->items[i].top, digest);
		str_addf(&list, "%s%.255s", i ? ", " : "",
		         l->items[i].name ? l->items[i].name : digest);
	}
	if (l->count > NAMES_TOLD)
		str_addf(&list, ", and %d more", l->count - NAMES_TOLD);
	return err_set(e, ERR_USAGE, "'%s' holds more than one image, say which by --as: %.600s",
	               o->text, list.s);
}

static bool is_called(const struct layout_image *i, const struct reference *want)
{
	struct reference r = { 0 };
	struct err ignored;
	bool same;

	if (!i->name || !want->tag)
		return false;
	if (!i->whole)
		return strcmp(i->name, want->tag) == 0;
	same = reference_parse(&ignored, i->name, &r) == 0 && r.tag &&
	       strcmp(r.host, want->host) == 0 && strcmp(r.path, want->path) == 0 &&
	       strcmp(r.tag, want->tag) == 0;
	reference_release(&r);
	return same;
}

static bool is_only_one(const struct layout_images *l)
{
	const struct layout_image *first = l->items;

	for (int i = 1; first && i < l->count; i++)
		if (!digest_equal(&l->items[i].top, &first->top))
			return false;
	return true;
}

static const struct layout_image *find(const struct layout_images *l, const struct reference *want)
{
	for (int i = 0; i < l->count; i++)
		if (want->digest.algorithm != DIGEST_NONE
		            ? digest_equal(&l->items[i].top, &want->digest)
		            : is_called(&l->items[i], want))
			return &l->items[i];
	return NULL;
}

int layout_choose(struct err *e, const struct layout_images *l, const struct origin *o, bool exact,
                  struct digest *ret_top, const char **ret_name)
{
	const struct layout_image *chosen = o->name.host ? find(l, &o->name) : NULL;
	char digest[DIGEST_TEXT_MAX];

	if (!l->items)
		return err_set(e, ERR_REJECTED, "'%s' holds no image", o->text);
	if (!chosen && exact && o->name.digest.algorithm != DIGEST_NONE) {
		digest_format(&o->name.digest, digest);
		return err_set(e, ERR_REJECTED, "'%s' holds no image %s", o->text, digest);
	}
	if (!chosen && !is_only_one(l))
		return choose_from(e, l, o);
	if (!chosen)
		chosen = &l->items[0];
	*ret_top = chosen->top;
	*ret_name = chosen->whole ? chosen->name : NULL;
	for (int i = 0; i < l->count && !*ret_name; i++)
		if (l->items[i].whole && digest_equal(&l->items[i].top, ret_top))
			*ret_name = l->items[i].name;
	return 0;
}

/* ---- signatures ---- */

static int load(const struct layout_place *p, const char *text, struct document *ret,
                bool *ret_found)
{
	struct digest d;
	struct err ignored;

	*ret_found = digest_parse(&ignored, text, &d) == 0 && kept_document(p->store, &d, ret);
	return 0;
}

/* "NAME" or "repository:NAME" */
static bool is_tagged(const struct json *entry, const char *name)
{
	const char *has = annotation(entry, LAYOUT_REF_NAME);
	const char *colon = has ? strrchr(has, ':') : NULL;

	return has && strcmp(colon ? colon + 1 : has, name) == 0;
}

/* What cosign save keeps is of the one image that it saved, and says so itself. */
static bool is_kind(const struct json *entry, const char *name)
{
	const char *kind = annotation(entry, LAYOUT_KIND);

	return str_ends(name, ".sig") && !annotation(entry, LAYOUT_REF_NAME) && kind &&
	       strcmp(kind, LAYOUT_KIND_SIGNATURES) == 0;
}

static int place_document(struct err *e, void *ctx, const char *name, struct document *ret,
                          bool *ret_found)
{
	const struct layout_place *p = ctx;

	(void)e;
	if (str_starts(name, "sha256:"))
		return load(p, name, ret, ret_found);
	*ret_found = false;
	for (const struct json *m = json_first(json_get(p->index, "manifests")); m && !*ret_found;
	     m = json_next(m)) {
		const char *digest = json_str(m, "digest");

		if (digest && (is_tagged(m, name) || is_kind(m, name)))
			(void)load(p, digest, ret, ret_found);
	}
	return 0;
}

static int place_blob(struct err *e, void *ctx, const struct digest *d, int64_t size,
                      struct document *ret)
{
	const struct layout_place *p = ctx;
	char text[DIGEST_TEXT_MAX];

	digest_format(d, text);
	if (!kept_document(p->store, d, ret))
		return err_set(e, ERR_REJECTED, "%s is missing", text);
	if ((int64_t)ret->text.len == size)
		return 0;
	document_release(ret);
	return err_set(e, ERR_REJECTED, "%s has another size than promised", text);
}

static bool refers_to(const struct store *s, const struct digest *d, const char *top)
{
	CLEANUP(document_release) struct document doc = { 0 };
	CLEANUP(json_freep) struct json *json = NULL;
	const char *subject;
	struct err ignored;

	if (!kept_document(s, d, &doc) ||
	    json_parse(&ignored, ERR_REJECTED, "", doc.text.s, doc.text.len, &json) < 0)
		return false;
	subject = json_str(json_get(json, "subject"), "digest");
	return subject && strcmp(subject, top) == 0;
}

/* The list of referrers that a registry would make. */
static int place_referrers(struct err *e, void *ctx, const struct digest *top, const char *next,
                           struct document *ret, bool *ret_found)
{
	const struct layout_place *p = ctx;
	CLEANUP(json_freep) struct json *list = json_object();
	struct json *found = json_array();
	char text[DIGEST_TEXT_MAX];

	(void)e;
	(void)next;
	digest_format(top, text);
	for (const struct json *m = json_first(json_get(p->index, "manifests")); m;
	     m = json_next(m)) {
		const char *digest = json_str(m, "digest");
		struct digest d;
		struct err ignored;

		if (digest && digest_parse(&ignored, digest, &d) == 0 &&
		    refers_to(p->store, &d, text))
			json_push(found, json_copy(m));
	}
	*ret_found = json_length(found) > 0;
	json_set_int(list, "schemaVersion", 2);
	json_set(list, "manifests", found);
	if (*ret_found) {
		*ret = (struct document){ .media_type = mem_dup(DISCOVER_INDEX_TYPE) };
		ret->text.s = json_print(list);
		ret->text.len = strlen(ret->text.s);
	}
	return 0;
}

struct discover_place layout_signatures(struct layout_place *p)
{
	static const struct discover_ops ops = { .document = place_document,
		                                 .blob = place_blob,
		                                 .referrers = place_referrers };

	return (struct discover_place){ &ops, p };
}
