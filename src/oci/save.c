/* SPDX-License-Identifier: MIT */
#include "oci/save.h"

#include <string.h>

#include "base/mem.h"
#include "codec/tar_write.h"
#include "io/fd.h"
#include "io/memory.h"
#include "oci/kept.h"
#include "oci/layout.h"

#define MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define INDEX DISCOVER_INDEX_TYPE

struct saving {
	const struct image *image;
	const struct reference *name;
	const struct collection *signatures;
	const struct store *store;
	struct tar_writer *tar;
	struct digest *written; /* blobs */
	int count;
};

/* ---- files ---- */

static int add_text(struct err *e, struct saving *s, const char *path, const struct json *doc)
{
	CLEANUP(mem_freep) char *text = json_print(doc);
	struct text_source from;

	text_source_init(&from, text);
	return tar_writer_add(e, s->tar, path, (int64_t)strlen(text), &from.source);
}

static char *blob_path(const struct digest *d)
{
	char hex[DIGEST_TEXT_MAX];

	return mem_printf("blobs/%s/%s", d->algorithm == DIGEST_SHA512 ? "sha512" : "sha256",
	                  digest_hex(d, hex));
}

static int add_blob(struct err *e, struct saving *s, const struct digest *d)
{
	CLEANUP(mem_freep) char *path = blob_path(d);
	CLEANUP(mem_closep) int fd = -1;
	struct fd_source from;

	for (int i = 0; i < s->count; i++)
		if (digest_equal(&s->written[i], d))
			return 0;
	s->written = mem_grow(s->written, (size_t)s->count + 1, sizeof(*s->written));
	s->written[s->count++] = *d;
	if (store_read(e, s->store, d, &fd) < 0)
		return -1;
	fd_source_init(&from, fd, path);
	return tar_writer_add(e, s->tar, path, kept_size(s->store, d), &from.source);
}

static int add_blobs(struct err *e, struct saving *s)
{
	const struct image *i = s->image;

	if (add_blob(e, s, &i->top) < 0 || add_blob(e, s, &i->manifest) < 0 ||
	    add_blob(e, s, &i->config) < 0)
		return -1;
	for (int n = 0; n < i->layer_count; n++)
		if (add_blob(e, s, &i->layers[n].digest) < 0)
			return -1;
	for (int n = 0; n < s->signatures->count; n++)
		if (add_blob(e, s, &s->signatures->items[n].digest) < 0)
			return -1;
	return 0;
}

/* ---- documents ---- */

static struct json *descriptor(const char *type, const struct digest *d, int64_t size)
{
	struct json *o = json_object();
	char text[DIGEST_TEXT_MAX];

	digest_format(d, text);
	json_set_str(o, "mediaType", type);
	json_set_str(o, "digest", text);
	json_set_int(o, "size", size);
	return o;
}

/* The type of a document that does not say it itself follows from what is in it. */
static int describe_image(struct err *e, const struct saving *s, struct json **ret)
{
	CLEANUP(document_release) struct document d = { 0 };
	CLEANUP(json_freep) struct json *doc = NULL;
	const char *type;

	if (!kept_document(s->store, &s->image->top, &d))
		return err_set(e, ERR_PRECHECK, "what was fetched just now is damaged on the disk");
	if (json_parse(e, ERR_REJECTED, "manifest", d.text.s, d.text.len, &doc) < 0)
		return -1;
	type = json_str(doc, "mediaType");
	if (!type)
		type = json_get(doc, "manifests") ? INDEX : MANIFEST;
	*ret = descriptor(type, &s->image->top, (int64_t)d.text.len);
	return 0;
}

/* Under the name that tools ask for: with the tag if there is one. */
static char *name_of(const struct saving *s)
{
	struct reference r = *s->name;

	if (!*r.path)
		return NULL;
	if (r.tag)
		r.digest = (struct digest){ 0 };
	return reference_format(&r);
}

/* Names that are NULL are left out. */
static void annotate(struct json *descriptor, const char *ref_name, const char *image_name,
                     const char *kind)
{
	struct json *a = json_object();

	json_set_str(a, LAYOUT_REF_NAME, ref_name);
	json_set_str(a, LAYOUT_IMAGE_NAME, image_name);
	json_set_str(a, LAYOUT_KIND, kind);
	json_set(descriptor, "annotations", a);
}

static int add_index(struct err *e, struct saving *s)
{
	CLEANUP(json_freep) struct json *index = json_object();
	CLEANUP(mem_freep) char *name = name_of(s);
	struct json *entries = json_array(), *note = json_object(), *one = NULL;

	json_set_int(index, "schemaVersion", 2);
	json_set_str(index, "mediaType", INDEX);
	json_set(index, "manifests", entries);
	json_set_str(note, LAYOUT_SIGNATURES, LAYOUT_SIGNATURES_ALL);
	json_set(index, "annotations", note);
	if (describe_image(e, s, &one) < 0)
		return -1;
	annotate(one, name, name,
	         digest_equal(&s->image->top, &s->image->manifest) ? LAYOUT_KIND_IMAGE
	                                                           : LAYOUT_KIND_INDEX);
	json_push(entries, one);
	for (int i = 0; i < s->signatures->count; i++) {
		const struct collected *c = &s->signatures->items[i];

		if (!c->media_type)
			continue;
		one = descriptor(c->media_type, &c->digest, c->size);
		if (c->tag)
			annotate(one, c->tag, NULL, LAYOUT_KIND_SIGNATURES);
		else
			json_set_str(one, "artifactType", SIGNATURE_BUNDLE_TYPE);
		json_push(entries, one);
	}
	return add_text(e, s, "index.json", index);
}

static int add_docker_manifest(struct err *e, struct saving *s)
{
	CLEANUP(json_freep) struct json *list = json_array();
	CLEANUP(mem_freep) char *config = blob_path(&s->image->config), *name = name_of(s);
	struct json *one = json_object(), *tags = json_array(), *layers = json_array();

	if (name && s->name->tag)
		json_push(tags, json_new_str(name));
	for (int i = 0; i < s->image->layer_count; i++) {
		CLEANUP(mem_freep) char *path = blob_path(&s->image->layers[i].digest);

		json_push(layers, json_new_str(path));
	}
	json_set_str(one, "Config", config);
	json_set(one, "RepoTags", tags);
	json_set(one, "Layers", layers);
	json_push(list, one);
	return add_text(e, s, "manifest.json", list);
}

static int add_all(struct err *e, struct saving *s)
{
	CLEANUP(json_freep) struct json *mark = json_object();

	json_set_str(mark, "imageLayoutVersion", "1.0.0");
	if (add_text(e, s, "oci-layout", mark) < 0 || add_index(e, s) < 0 ||
	    add_docker_manifest(e, s) < 0 || add_blobs(e, s) < 0)
		return -1;
	return tar_writer_finish(e, s->tar);
}

int save_archive(struct err *e, const struct image *i, const struct reference *name,
                 const struct collection *signatures, const struct store *s, struct sink *to)
{
	struct saving saving = { .image = i, .name = name, .signatures = signatures, .store = s };
	int failed = tar_writer_open(e, to, "archive", &saving.tar);

	if (failed == 0)
		failed = add_all(e, &saving);
	tar_writer_close(saving.tar);
	mem_freep(&saving.written);
	return failed;
}
