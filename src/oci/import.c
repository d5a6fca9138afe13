/* SPDX-License-Identifier: MIT */
#include "oci/import.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/memory.h"
#include "oci/docker_archive.h"
#include "oci/kept.h"
#include "oci/layout.h"

#define CHUNK (256 * 1024)
#define SPARE_BYTES (16LL * 1024 * 1024)

/* A name in a docker archive, and what it stands for. */
struct taken {
	char *name;
	char *link; /* another name; NULL: it is content */
	struct digest digest;
};

struct intake {
	const struct import_options *options;
	struct pack *pack;
	struct store *store;
	char *buffer;
	int64_t bytes;
	struct taken *items;
	int count;
	struct json *index, *manifest; /* index.json, manifest.json */
};

static struct taken *add_taken(struct intake *t, const char *name)
{
	t->items = mem_grow(t->items, (size_t)t->count + 1, sizeof(*t->items));
	t->items[t->count] = (struct taken){ .name = mem_dup(name) };
	return &t->items[t->count++];
}

/* ---- content ---- */

static int copy(struct err *e, struct intake *t, struct sink *to)
{
	const struct import_options *o = t->options;
	ssize_t n;

	while ((n = source_read(e, pack_data(t->pack), t->buffer, CHUNK)) > 0) {
		t->bytes += n;
		if (o->stop && o->stop(o->ctx))
			return err_set(e, ERR_RETRY, "interrupted");
		if (sink_write(e, to, t->buffer, (size_t)n) < 0)
			return -1;
	}
	return n < 0 ? -1 : sink_finish(e, to);
}

/* Into the store; `want` NULL: whatever it is. What broke off is never gone on with: it would have to be
 * the same archive. */
static int store_entry(struct err *e, struct intake *t, const struct digest *want, int64_t size,
                       struct digest *ret)
{
	CLEANUP(store_writer_closep) struct store_writer *w = NULL;
	int64_t offset = 0;
	int failed;

	if (store_need_space(e, t->store, size + SPARE_BYTES) < 0)
		return -1;
	failed = want ? store_writer_open(e, t->store, want, size, &w, &offset)
	              : store_writer_open_new(e, t->store, &w);
	if (failed == 0 && offset)
		failed = store_writer_restart(e, w);
	if (failed == 0)
		failed = copy(e, t, store_writer_sink(w));
	if (failed < 0 && w)
		store_writer_discard(w);
	if (failed == 0)
		*ret = *store_writer_digest(w);
	return failed;
}

/* "blobs/sha256/HEX" */
static bool blob_name(const char *name, struct digest *ret)
{
	static const char dir[] = "blobs/";
	const char *slash = str_starts(name, dir) ? strchr(name + strlen(dir), '/') : NULL;
	CLEANUP(mem_freep) char *text = NULL;
	struct err ignored;

	if (!slash)
		return false;
	text = mem_printf("%.*s:%s", (int)(slash - name - (int)strlen(dir)), name + strlen(dir),
	                  slash + 1);
	return digest_parse(&ignored, text, ret) == 0;
}

static int take_blob(struct err *e, struct intake *t, const struct pack_entry *entry,
                     const struct digest *d)
{
	struct digest have;

	if (store_has(t->store, d, entry->size))
		return 0;
	if (entry->size > IMAGE_LAYER_MAX)
		return err_set(e, ERR_REJECTED, "'%.100s' is larger than %lld bytes", entry->name,
		               IMAGE_LAYER_MAX);
	if (store_entry(e, t, d, entry->size, &have) < 0)
		return err_wrap(e, "'%.100s'", entry->name);
	return 0;
}

static int take_layer(struct err *e, struct intake *t, const struct pack_entry *entry)
{
	struct digest have;

	if (entry->size > EXTRACT_LAYER_MAX)
		return err_set(e, ERR_REJECTED, "a layer is larger than %lld bytes",
		               EXTRACT_LAYER_MAX);
	if (store_entry(e, t, NULL, entry->size, &have) < 0)
		return err_wrap(e, "a layer");
	add_taken(t, entry->name)->digest = have;
	return 0;
}

/* ---- documents ---- */

static int read_document(struct err *e, struct intake *t, const struct pack_entry *entry,
                         struct memory_sink *to)
{
	memory_sink_init(to, IMAGE_MANIFEST_MAX, entry->name);
	return copy(e, t, &to->sink);
}

static int parse_document(struct err *e, struct intake *t, const struct pack_entry *entry,
                          struct json **ret)
{
	struct memory_sink m;
	int failed;

	/* Of two one reader would believe the first, another the last. */
	if (*ret)
		return err_set(e, ERR_REJECTED, "there are two '%s'", entry->name);
	failed = read_document(e, t, entry, &m);
	if (failed == 0)
		failed = json_parse(e, ERR_REJECTED, entry->name, m.data.s ? m.data.s : "",
		                    m.data.len, ret);
	sink_close(&m.sink);
	return failed;
}

/* A configuration has no name but the one that manifest.json gives it. */
static int take_config(struct err *e, struct intake *t, const struct pack_entry *entry)
{
	struct memory_sink m;
	int failed = read_document(e, t, entry, &m);
	struct digest d;

	if (failed == 0) {
		digest_of(m.data.s ? m.data.s : "", m.data.len, &d);
		failed = store_put(e, t->store, &d, m.data.s ? m.data.s : "", m.data.len);
	}
	if (failed == 0)
		add_taken(t, entry->name)->digest = d;
	sink_close(&m.sink);
	return failed;
}

/* ---- entries ---- */

/* The name that a symbolic link leads to, as text: "a/layer.tar" -> "../b.tar" is "b.tar". NULL: out of
 * the archive. */
static char *follow(const char *name, const char *link)
{
	CLEANUP(mem_freep) char *copy = mem_dup(link);
	const char *slash = strrchr(name, '/');
	struct str path = { 0 };
	char *rest = copy;

	if (*link == '/')
		return NULL;
	if (slash)
		str_add(&path, name, (size_t)(slash - name));
	for (char *part = strsep(&rest, "/"); part; part = strsep(&rest, "/")) {
		if (!*part || strcmp(part, ".") == 0)
			continue;
		if (strcmp(part, "..") != 0) {
			str_addf(&path, "%s%s", path.len ? "/" : "", part);
		} else if (path.len) {
			const char *last = memrchr(path.s, '/', path.len);

			path.len = last ? (size_t)(last - path.s) : 0;
			path.s[path.len] = '\0';
		} else {
			str_release(&path);
			return NULL;
		}
	}
	return str_steal(&path);
}

static void take_link(struct intake *t, const struct pack_entry *entry)
{
	char *link = entry->type == TAR_HARDLINK ? mem_dup(entry->link)
	                                         : follow(entry->name, entry->link);

	if (link)
		add_taken(t, entry->name)->link = link;
}

static int take_entry(struct err *e, struct intake *t, const struct pack_entry *entry)
{
	const char *name = entry->name;
	bool is_layer = str_ends(name, ".tar");
	struct digest d;

	if (blob_name(name, &d)) {
		if (entry->type != TAR_FILE)
			return err_set(e, ERR_REJECTED, "'%.100s' is not a regular file", name);
		return take_blob(e, t, entry, &d);
	}
	if (is_layer && (entry->type == TAR_SYMLINK || entry->type == TAR_HARDLINK))
		take_link(t, entry);
	if (entry->type != TAR_FILE)
		return 0;
	if (is_layer)
		return take_layer(e, t, entry);
	if (strcmp(name, "index.json") == 0)
		return parse_document(e, t, entry, &t->index);
	if (strcmp(name, "manifest.json") == 0)
		return parse_document(e, t, entry, &t->manifest);
	return str_ends(name, ".json") && !strchr(name, '/') ? take_config(e, t, entry) : 0;
}

static int take_all(struct err *e, struct intake *t)
{
	const struct pack_entry *entry;

	for (;;) {
		if (pack_next(e, t->pack, &entry) < 0)
			return -1;
		if (!entry)
			return 0;
		if (take_entry(e, t, entry) < 0)
			return -1;
	}
}

/* ---- what it is ---- */

static bool resolve(const char *name, struct digest *ret, void *ctx)
{
	const struct intake *t = ctx;

	for (int depth = 0; depth <= IMPORT_LINK_DEPTH; depth++) {
		int i = 0;

		if (blob_name(name, ret))
			return true;
		while (i < t->count && strcmp(t->items[i].name, name) != 0)
			i++;
		if (i == t->count)
			return false;
		*ret = t->items[i].digest;
		if (!t->items[i].link)
			return true;
		name = t->items[i].link;
	}
	return false;
}

static int name_it(struct err *e, const struct origin *o, const char *found, struct import *ret)
{
	CLEANUP(mem_freep) char *text = NULL;

	if (o->name.host) {
		ret->pinned = o->name.digest.algorithm != DIGEST_NONE;
		text = reference_format(&o->name);
		return reference_parse(e, text, &ret->name);
	}
	ret->named_inside = true;
	if (found && reference_parse(e, found, &ret->name) < 0) {
		e->code = ERR_REJECTED; /* not the user's word */
		return -1;
	}
	if (found)
		return 0;
	ret->name.host = mem_dup("");
	ret->name.path = mem_dup("");
	return 0;
}

static int choose(struct err *e, struct intake *t, struct import *ret)
{
	CLEANUP(layout_images_release) struct layout_images images = { 0 };
	const struct docker_archive a = { t->store, resolve, t };
	const char *name;

	if (!t->index && !t->manifest)
		return err_set(e, ERR_REJECTED,
		               "it is neither an OCI layout nor an archive of 'docker save'");
	if (t->index ? layout_list(e, t->index, t->store, &images) < 0
	             : docker_archive_list(e, &a, t->manifest, &images) < 0)
		return -1;
	ret->from_engine = t->options->origin->kind == ORIGIN_ENGINE;
	ret->remade = ret->from_engine || (t->manifest && !layout_has_all(t->index));
	if (layout_choose(e, &images, t->options->origin, !ret->remade, &ret->top, &name) < 0)
		return -1;
	ret->index = STEAL(t->index);
	ret->bytes = t->bytes;
	return name_it(e, t->options->origin, name, ret);
}

static void intake_release(struct intake *t)
{
	for (int i = 0; i < t->count; i++) {
		free(t->items[i].name);
		free(t->items[i].link);
	}
	free(t->items);
	free(t->buffer);
	json_free(t->index);
	json_free(t->manifest);
}

int import_pack(struct err *e, const struct import_options *o, struct pack *p, struct store *s,
                struct import *ret)
{
	CLEANUP(intake_release)
	struct intake t = { .options = o, .pack = p, .store = s, .buffer = mem_alloc(CHUNK) };
	CLEANUP(import_release) struct import i = { .text = mem_dup(o->origin->text) };

	if (take_all(e, &t) < 0 || choose(e, &t, &i) < 0)
		return e->code == ERR_REJECTED ? err_wrap(e, "%.255s", i.text) : -1;
	*ret = i;
	i = (struct import){ 0 };
	return 0;
}

void import_release(struct import *i)
{
	reference_release(&i->name);
	free(i->text);
	json_free(i->index);
	*i = (struct import){ 0 };
}
