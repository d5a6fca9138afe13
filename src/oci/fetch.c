/* SPDX-License-Identifier: MIT */
#include "oci/fetch.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "oci/discover.h"
#include "oci/kept.h"
#include "oci/layout.h"
#include "oci/registry.h"
#include "oci/transfer.h"

#define PROGRESS_MS 100 /* between two calls of progress() */

struct fetch {
	const struct fetch_options *options;
	const struct reference *reference;
	struct platform platform;
	struct store *store;
	struct registry *registry; /* NULL until something is missing */
	struct http *http;         /* of the calling thread */
	struct image *image;
	int64_t config_size;
	struct transfer_list layers;
	int64_t next_report; /* clock_ms() */
	bool interrupted;    /* progress() said so */
	/* of an import */
	bool original; /* what the registry has is looked at, not what was imported */
	bool refused;  /* approve() said no */
};

/* ---- progress and interruption, in the calling thread ---- */

static bool report(struct fetch *f, bool last)
{
	struct fetch_progress p = { .total = f->config_size };

	if (!f->options->progress || (clock_ms() < f->next_report && !last))
		return f->interrupted;
	f->next_report = clock_ms() + PROGRESS_MS;
	if (f->image->config_json)
		p.done = f->config_size;
	for (int i = 0; i < f->layers.count; i++) {
		const struct transfer *t = &f->layers.items[i];

		p.total += t->layer->size;
		p.done += t->there ? t->layer->size : t->meter.have;
		p.downloaded += t->meter.downloaded;
	}
	if (f->options->progress(&p, f->options->ctx))
		f->interrupted = true;
	return f->interrupted;
}

static bool stop_caller(void *ctx)
{
	return report(ctx, false);
}

static int connect_registry(struct err *e, struct fetch *f)
{
	const struct fetch_options *o = f->options;
	struct registry_options r = { .ca_file = o->ca_file,
		                      .config_file = o->config_file,
		                      .certs_dir = o->certs_dir,
		                      .credential_helpers = o->credential_helpers,
		                      .hosts_dir = o->hosts_dir,
		                      .daemon_file = o->daemon_file,
		                      .insecure = o->insecure,
		                      .signed_required = o->signed_required,
		                      .plain_http = o->plain_http };

	if (f->registry)
		return 0;
	if (registry_open(e, &r, f->reference, &f->registry) < 0)
		return -1;
	return registry_connect(e, f->registry, stop_caller, f, &f->http);
}

/* Only what was imported counts, and nothing is asked for behind the user's back. */
static bool is_local(const struct fetch *f)
{
	return f->options->import && !f->original;
}

static int lacks(struct err *e, const struct digest *d)
{
	char text[DIGEST_TEXT_MAX];

	digest_format(d, text);
	return err_set(e, ERR_REJECTED, "it lacks %s, which belongs to the image", text);
}

/* ---- signatures ---- */

/* Where they are kept: *layout and *registry are room for what that needs. */
static int signature_place(struct err *e, struct fetch *f, struct layout_place *layout,
                           struct discover_registry *registry, struct discover_place *ret)
{
	if (is_local(f)) {
		*layout = (struct layout_place){ f->options->import->index, f->store };
		*ret = layout_signatures(layout);
		return 0;
	}
	if (connect_registry(e, f) < 0)
		return -1;
	*registry = (struct discover_registry){ f->registry, f->http };
	*ret = discover_in_registry(registry);
	return 0;
}

int fetch_signatures(struct err *e, struct fetch *f, const struct digest *top,
                     enum signature_format format, struct signature_list *ret)
{
	struct discover_registry registry;
	struct layout_place layout;
	struct discover_place place;

	if (signature_place(e, f, &layout, &registry, &place) < 0)
		return -1;
	return discover_signatures(e, place, top, format, ret);
}

static int collect(struct err *e, struct fetch *f)
{
	struct discover_registry registry;
	struct layout_place layout;
	struct discover_place place;

	if (!f->options->collection)
		return 0;
	if (signature_place(e, f, &layout, &registry, &place) < 0)
		return -1;
	return collect_signatures(e, place, &f->image->top, f->store, f->options->collection);
}

/* ---- documents: from the store, else from the registry ---- */

static int parse_document(struct err *e, const char *name, const struct document *d,
                          struct json **ret)
{
	return json_parse(e, ERR_REJECTED, name, d->text.s ? d->text.s : "", d->text.len, ret);
}

/* `want` NULL: whatever the tag means now; size -1: not known. Kept in the store once it is known to
 * be a manifest. */
static int get_manifest(struct err *e, struct fetch *f, const struct digest *want, int64_t size,
                        struct digest *ret_digest, enum document_kind *ret_kind, struct json **ret)
{
	CLEANUP(json_freep) struct json *json = NULL;
	struct document d = { 0 };
	bool kept = want && kept_document(f->store, want, &d);
	int failed = 0;

	if (!kept && is_local(f))
		return lacks(e, want);
	if (!kept && (connect_registry(e, f) < 0 ||
	              registry_manifest(e, f->registry, f->http, want, &d) < 0))
		return -1;
	if (size >= 0 && (int64_t)d.text.len != size)
		failed = err_set(e, ERR_REJECTED, "manifest has another size than promised");
	if (failed == 0) {
		failed = parse_document(e, "manifest", &d, &json);
		if (failed < 0 && d.media_type)
			err_wrap(e, "answer of type '%.100s'", d.media_type);
	}
	if (failed == 0)
		failed = image_document_kind(e, json, d.media_type, ret_kind);
	if (failed == 0 && !kept)
		failed = store_put(e, f->store, &d.digest, d.text.s, d.text.len);
	*ret_digest = d.digest;
	document_release(&d);
	if (failed == 0)
		*ret = STEAL(json);
	return failed;
}

static int ask_approval(struct err *e, struct fetch *f)
{
	const struct fetch_options *o = f->options;

	if (!o->approve || o->approve(e, f, &f->image->top, o->ctx) == 0)
		return 0;
	f->refused = e->code == ERR_REJECTED;
	return -1;
}

/* top NULL: whatever the tag means now. */
static int get_platform_manifest(struct err *e, struct fetch *f, const struct digest *top, bool ask)
{
	CLEANUP(json_freep) struct json *json = NULL;
	struct digest chosen;
	enum document_kind kind = DOCUMENT_MANIFEST;
	int64_t size;

	if (get_manifest(e, f, top, -1, &f->image->top, &kind, &json) < 0 ||
	    (ask && ask_approval(e, f) < 0))
		return -1;
	f->image->manifest = f->image->top;
	if (kind == DOCUMENT_INDEX) {
		CLEANUP(json_freep) struct json *index = STEAL(json);

		if (image_index_select(e, index, &f->platform, &chosen, &size) < 0 ||
		    get_manifest(e, f, &chosen, size, &f->image->manifest, &kind, &json) < 0)
			return -1;
		if (kind != DOCUMENT_MANIFEST)
			return err_set(e, ERR_REJECTED, "index inside an index");
	}
	return image_read_manifest(e, json, f->image, &f->config_size);
}

static int get_config(struct err *e, struct fetch *f)
{
	struct image *i = f->image;
	CLEANUP(json_freep) struct json *json = NULL;
	struct document d = { 0 };
	bool kept = kept_document(f->store, &i->config, &d);
	int failed = 0;

	if (!kept && is_local(f))
		return lacks(e, &i->config);
	if (!kept &&
	    (connect_registry(e, f) < 0 ||
	     registry_small_blob(e, f->registry, f->http, &i->config, f->config_size, &d) < 0))
		return -1;
	if ((int64_t)d.text.len != f->config_size)
		failed = err_set(e, ERR_REJECTED,
		                 "image configuration has another size than promised");
	if (failed == 0)
		failed = parse_document(e, "image configuration", &d, &json);
	if (failed == 0)
		failed = image_read_config(e, json, &f->platform, i);
	if (failed == 0) {
		json = NULL; /* the image's now */
		if (!kept)
			failed = store_put(e, f->store, &i->config, d.text.s, d.text.len);
	}
	document_release(&d);
	return failed;
}

/* ---- layers ---- */

/*
 * A layer counts by what it unpacks to, which the configuration names: where that is in the store, as
 * after an import from an engine, it is taken in place of the compressed one.
 */
static void use_unpacked(struct fetch *f)
{
	for (int n = 0; n < f->image->layer_count; n++) {
		struct layer *l = &f->image->layers[n];
		int64_t size = kept_size(f->store, &l->diff_id);

		if (store_has(f->store, &l->digest, l->size) || size < 0 ||
		    l->diff_id.algorithm != DIGEST_SHA256)
			continue;
		*l = (struct layer){ .digest = l->diff_id,
			             .diff_id = l->diff_id,
			             .size = size,
			             .compression = LAYER_PLAIN };
	}
}

static int get_layers(struct err *e, struct fetch *f)
{
	struct transfer_options o = { f->options->parallel, stop_caller, f };

	if (!f->options->collection) /* as it was signed, to be given on */
		use_unpacked(f);
	transfer_list_make(&f->layers, f->image, f->store);
	for (int i = 0; f->options->import && i < f->layers.count; i++)
		if (!f->layers.items[i].there)
			return lacks(e, &f->layers.items[i].layer->digest);
	if (f->layers.missing == 0)
		return 0;
	if (connect_registry(e, f) < 0)
		return -1;
	return transfer_run(e, &o, &f->layers, f->registry, f->store);
}

/* ---- the whole ---- */

static void fetch_init(struct fetch *f, const struct fetch_options *o, const struct reference *r,
                       struct store *s)
{
	*f = (struct fetch){ .options = o,
		             .reference = r,
		             .platform = o->platform.os ? o->platform : image_platform(),
		             .store = s,
		             .image = mem_alloc(sizeof(*f->image)) };
	f->image->reference = *r->path ? reference_format(r) : mem_dup(o->import->text);
}

static void fetch_release(struct fetch *f)
{
	http_close(f->http);
	registry_close(f->registry);
	image_free(f->image);
	transfer_list_release(&f->layers);
}

/*
 * What was imported is not what anybody signed, because an engine made its manifest anew. Whoever
 * signed the original signed its manifest, that names a configuration, and that names the unpacked layers:
 * if the configuration is the same, so is the image. `why`: what was imported does not do by itself.
 */
static int get_original(struct err *e, struct fetch *f, const char *why)
{
	const struct reference *r = f->reference;
	const struct import *m = f->options->import;
	CLEANUP(mem_freep) char *reason = mem_dup(why);
	struct digest held;
	struct err cause;

	if (!*r->path)
		return err_set(e, ERR_REJECTED, "%.700s; say whose image it is by --as NAME",
		               reason);
	if (get_platform_manifest(e, f, &m->top, false) < 0)
		return -1;
	held = f->image->config;
	f->original = true;
	if (get_platform_manifest(e, f, r->digest.algorithm != DIGEST_NONE ? &r->digest : NULL,
	                          true) < 0) {
		cause = *e;
		/* A file that lacks its proof is refused; an engine's image can have it another day. */
		return cause.code != ERR_RETRY
		               ? -1
		               : err_set(e, m->from_engine ? ERR_RETRY : ERR_REJECTED,
		                         "%.450s; and its registry cannot be asked: %.450s", reason,
		                         cause.msg);
	}
	if (!digest_equal(&held, &f->image->config))
		return err_set(e, ERR_REJECTED,
		               "it is another image than %.255s in its registry: if that one has "
		               "changed, name the one that is meant by --as NAME@DIGEST",
		               f->image->reference);
	return get_config(e, f);
}

/* Not when it must be one that it cannot be: an image without its own manifest is looked up by digest. */
static int get_imported(struct err *e, struct fetch *f)
{
	const struct import *m = f->options->import;

	if (m->pinned && !digest_equal(&m->top, &f->reference->digest))
		return get_original(e, f, "it is not by itself the image of that digest");
	if (get_platform_manifest(e, f, &m->top, true) == 0)
		return get_config(e, f);
	return f->refused && m->remade ? get_original(e, f, e->msg) : -1;
}

static int get_referenced(struct err *e, struct fetch *f)
{
	const struct digest *top = &f->reference->digest;

	if (get_platform_manifest(e, f, top->algorithm != DIGEST_NONE ? top : NULL, true) < 0)
		return -1;
	return get_config(e, f);
}

static int examine(struct err *e, struct fetch *f)
{
	return f->options->examine ? f->options->examine(e, f->image, f->options->ctx) : 0;
}

static int get_image(struct err *e, struct fetch *f)
{
	if ((f->options->import ? get_imported(e, f) : get_referenced(e, f)) < 0 ||
	    examine(e, f) < 0 || get_layers(e, f) < 0 || collect(e, f) < 0)
		return -1;
	report(f, true); /* the whole, for the last time; too late to interrupt */
	return 0;
}

int fetch_image(struct err *e, const struct fetch_options *o, const struct reference *r,
                struct store *s, struct image **ret)
{
	struct fetch f;
	int failed;

	fetch_init(&f, o, r, s);
	failed = get_image(e, &f);
	if (failed < 0 && f.interrupted)
		err_set(e, ERR_RETRY, "interrupted");
	else if (failed < 0 &&
	         (o->import || e->code == ERR_REJECTED)) /* the others name the registry */
		err_wrap(e, "%.255s", o->import ? o->import->text : f.image->reference);
	if (failed == 0)
		*ret = STEAL(f.image);
	fetch_release(&f);
	return failed;
}

int fetch_resolve(struct err *e, const struct fetch_options *o, const struct reference *r,
                  struct digest *ret_top)
{
	struct document d = { 0 };
	struct fetch f;
	int failed;

	if (r->digest.algorithm != DIGEST_NONE) {
		*ret_top = r->digest;
		return 0;
	}
	fetch_init(&f, o, r, NULL);
	failed = connect_registry(e, &f);
	if (failed == 0)
		failed = registry_manifest(e, f.registry, f.http, NULL, &d);
	if (failed < 0 && f.interrupted)
		err_set(e, ERR_RETRY, "interrupted");
	else if (failed < 0 && e->code == ERR_REJECTED) /* the others name the registry */
		err_wrap(e, "%.255s", f.image->reference);
	*ret_top = d.digest;
	document_release(&d);
	fetch_release(&f);
	return failed;
}
