/* SPDX-License-Identifier: MIT */
/*
 * Layers are read from the top one down. What a layer says about a name is settled there: `hiding`
 * collects what lower layers may no longer say. So each byte is read once and nothing is stored
 * that an upper layer replaces.
 *
 * Hard links go the other way: their target stands before them in the same layer, or in a lower
 * one. A wanted link whose target was passed by is kept as an open item (link != NULL), and the
 * layer is read again for it, then the lower ones with it in mind.
 */
#include "oci/extract.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "io/copy.h"
#include "oci/hiding.h"
#include "oci/layer.h"

#define WHITEOUT ".wh."
#define WHITEOUT_META ".wh..wh." /* names of AUFS itself; never files of the image */
#define WHITEOUT_OPAQUE ".wh..wh..opq"

enum sighting { NOT_SEEN, SEEN_FILE, SEEN_LINK, SEEN_OTHER };

struct item {
	struct extracted file;
	int layer; /* that settled the name */

	/* The rest is for an open hard link. */
	char *link;          /* its target; NULL when the content is known */
	int link_layer;      /* where the target is looked for now ... */
	int64_t before;      /* ... among the entries before this one */
	bool looking;        /* this pass began after the link was seen */
	bool cut;            /* lower layers cannot have the target any more */
	enum sighting seen;  /* the last one in this pass */
	char *seen_link;     /* SEEN_LINK: where that leads, standing before ... */
	int64_t seen_before; /* ... this entry */
};

struct extraction {
	struct store *store;
	bool (*wanted)(const char *path, void *ctx);
	void *ctx;
	struct layer_progress progress;
	struct hiding hiding;
	int layer;          /* that is being read; 0 is the lowest */
	struct item *items; /* in the order of their paths */
	size_t count, cap, open_links;
};

static void item_close_link(struct extraction *x, struct item *i)
{
	if (!i->link)
		return;
	x->open_links--;
	free(i->link);
	free(i->seen_link);
	i->link = i->seen_link = NULL;
}

static void remove_items(struct extraction *x, size_t at, size_t n)
{
	for (size_t i = at; i < at + n; i++) {
		item_close_link(x, &x->items[i]);
		free(x->items[i].file.path);
	}
	x->count -= n;
	if (x->count > at)
		memmove(x->items + at, x->items + at + n, (x->count - at) * sizeof(*x->items));
}

static void extraction_release(struct extraction *x)
{
	remove_items(x, 0, x->count);
	free(x->items);
	hiding_release(&x->hiding);
}

/* Where path is, or would have to be put. */
static size_t position(const struct extraction *x, const char *path)
{
	size_t low = 0, high = x->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(x->items[mid].file.path, path) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static struct item *find(const struct extraction *x, const char *path)
{
	size_t at = position(x, path);

	return at < x->count && strcmp(x->items[at].file.path, path) == 0 ? &x->items[at] : NULL;
}

/* Takes out what this layer had said before about (path, reach); the items of upper layers stay. */
static void forget(struct extraction *x, const char *path, enum hiding_reach reach)
{
	char below[EXTRACT_PATH_MAX + 1];
	struct item *same = find(x, path);
	size_t len;

	if (same && same->layer == x->layer)
		remove_items(x, (size_t)(same - x->items), 1);
	if (reach == HIDING_SELF)
		return;
	len = (size_t)snprintf(below, sizeof(below), "%s/", path);
	for (size_t at = position(x, below);
	     at < x->count && strncmp(x->items[at].file.path, below, len) == 0;) {
		if (x->items[at].layer == x->layer)
			remove_items(x, at, 1);
		else
			at++;
	}
}

static int add(struct err *e, struct extraction *x, const struct layer_entry *entry,
               struct item **ret)
{
	size_t at = position(x, entry->path);

	if (x->count == EXTRACT_FILES_MAX)
		return err_set(e, ERR_REJECTED, "more than %d files of the image are wanted",
		               EXTRACT_FILES_MAX);
	if (x->count == x->cap) {
		x->cap = x->cap ? 2 * x->cap : 32;
		x->items = mem_grow(x->items, x->cap, sizeof(*x->items));
	}
	memmove(x->items + at + 1, x->items + at, (x->count - at) * sizeof(*x->items));
	x->count++;
	*ret = &x->items[at];
	**ret = (struct item){ .layer = x->layer };
	(*ret)->file.path = mem_dup(entry->path);
	(*ret)->file.mode = entry->mode & 0777;
	return 0;
}

static void open_link(struct extraction *x, struct item *i, const char *target, int64_t before)
{
	x->open_links += !i->link;
	free(i->link);
	i->link = mem_dup(target);
	i->link_layer = x->layer;
	i->before = before;
}

static int add_link(struct err *e, struct extraction *x, const struct layer_entry *entry)
{
	const struct item *target;
	struct item *i;

	if (add(e, x, entry, &i) < 0)
		return -1;
	target = find(x, entry->link);
	if (target && target != i && target->layer == x->layer) {
		if (target->link) {
			open_link(x, i, target->link, target->before);
		} else {
			i->file.digest = target->file.digest;
			i->file.size = target->file.size;
		}
	} else {
		open_link(x, i, entry->link, entry->index);
	}
	if (x->open_links > EXTRACT_OPEN_LINKS_MAX)
		return err_set(
			e, ERR_REJECTED,
			"more than %d wanted files are hard links to files that are not wanted",
			EXTRACT_OPEN_LINKS_MAX);
	return 0;
}

static int store_content(struct err *e, struct extraction *x, struct layer_reader *r,
                         const struct layer_entry *entry, struct digest *ret)
{
	CLEANUP(store_writer_closep) struct store_writer *w = NULL;

	if (entry->size > EXTRACT_FILE_MAX)
		return err_set(e, ERR_REJECTED, "'%s' in the image is larger than %lld bytes",
		               entry->path, EXTRACT_FILE_MAX);
	if (store_writer_open_new(e, x->store, &w) < 0 ||
	    io_copy(e, layer_reader_data(r), store_writer_sink(w)) < 0 ||
	    sink_finish(e, store_writer_sink(w)) < 0)
		return -1;
	*ret = *store_writer_digest(w);
	return 0;
}

/* What an entry says about names of lower layers: false when it is no file of the image itself. */
static int read_whiteout(struct err *e, const struct layer_entry *entry,
                         char path[EXTRACT_PATH_MAX], enum hiding_reach *ret_reach,
                         bool *ret_whiteout)
{
	size_t dir = (size_t)(strrchr(entry->path, '/') - entry->path);
	const char *base = entry->path + dir + 1;

	*ret_reach = entry->type == TAR_DIRECTORY ? HIDING_SELF : HIDING_ALL;
	*ret_whiteout = strncmp(base, WHITEOUT, strlen(WHITEOUT)) == 0;
	strcpy(path, entry->path); /* both are EXTRACT_PATH_MAX */
	if (!*ret_whiteout)
		return 0;
	if (strcmp(base, WHITEOUT_OPAQUE) == 0) {
		*ret_reach = HIDING_BELOW;
		path[dir ? dir : 1] = '\0';
		return 0;
	}
	if (strncmp(base, WHITEOUT_META, strlen(WHITEOUT_META)) == 0)
		return 0; /* hides its own odd name */
	base += strlen(WHITEOUT);
	if (!*base || strcmp(base, ".") == 0 || strcmp(base, "..") == 0)
		return err_set(e, ERR_REJECTED, "the image has a whiteout of nothing: '%s'",
		               entry->path);
	*ret_reach = HIDING_ALL;
	strcpy(path + dir + 1, base);
	return 0;
}

static bool aims_at(const struct item *i, const struct layer_entry *entry)
{
	return i->looking && entry->index < i->before && strcmp(i->link, entry->path) == 0;
}

/* Is there an open link that this entry may be the target of? */
static bool is_target(const struct extraction *x, const struct layer_entry *entry)
{
	for (size_t n = 0; x->open_links && n < x->count; n++) {
		if (aims_at(&x->items[n], entry))
			return true;
	}
	return false;
}

/* Notes for every open link what this entry means for it. (path, reach) is what the entry hides. */
static void note_for_links(struct extraction *x, const struct layer_entry *entry, const char *path,
                           enum hiding_reach reach, const struct digest *digest)
{
	for (size_t n = 0; x->open_links && n < x->count; n++) {
		struct item *i = &x->items[n];

		if (!i->looking)
			continue;
		i->cut |= hiding_reaches(path, reach, i->link);
		if (!aims_at(i, entry))
			continue;
		free(i->seen_link);
		i->seen_link = NULL;
		i->seen = SEEN_OTHER;
		if (entry->type == TAR_FILE) {
			i->seen = SEEN_FILE;
			i->file.digest = *digest;
			i->file.size = entry->size;
		} else if (entry->type == TAR_HARDLINK) {
			i->seen = SEEN_LINK;
			i->seen_link = mem_dup(entry->link);
			i->seen_before = entry->index;
		}
	}
}

/* One entry, in the first pass over its layer or in a later one for hard links only. */
static int visit(struct err *e, struct extraction *x, struct layer_reader *r,
                 const struct layer_entry *entry, bool first)
{
	char path[EXTRACT_PATH_MAX];
	enum hiding_reach reach;
	struct digest digest = { .algorithm = DIGEST_NONE };
	bool whiteout, want;
	struct item *i;

	if (read_whiteout(e, entry, path, &reach, &whiteout) < 0)
		return -1;
	want = first && !whiteout && x->wanted(path, x->ctx) && !hiding_hides(&x->hiding, path);
	if (entry->type == TAR_FILE && (want || is_target(x, entry)) &&
	    store_content(e, x, r, entry, &digest) < 0)
		return -1;
	note_for_links(x, entry, path, reach, &digest);
	if (!first)
		return 0;
	/* A directory is no news about what lower layers have in it, only about its own name. */
	if ((reach != HIDING_SELF || want) && x->layer > 0 &&
	    hiding_add(e, &x->hiding, path, reach) < 0)
		return -1;
	if (whiteout)
		return 0;
	forget(x, path, reach);
	if (want && entry->type == TAR_HARDLINK)
		return add_link(e, x, entry);
	if (want && entry->type == TAR_FILE) {
		if (add(e, x, entry, &i) < 0)
			return -1;
		i->file.digest = digest;
		i->file.size = entry->size;
	}
	return 0;
}

/* Draws the conclusion of a pass for the links that were looked for in it. */
static int settle_links(struct err *e, struct extraction *x)
{
	for (size_t n = 0; n < x->count; n++) {
		struct item *i = &x->items[n];
		enum sighting seen = i->seen;

		i->seen = NOT_SEEN;
		if (!i->looking)
			continue;
		i->looking = false;
		if (seen == SEEN_FILE) {
			item_close_link(x, i);
		} else if (seen == SEEN_LINK) {
			i->cut = false;
			open_link(x, i, i->seen_link, i->seen_before);
		} else if (seen == SEEN_OTHER) {
			remove_items(x, n--, 1); /* like a symbolic link with a wanted name */
		} else if (i->cut || x->layer == 0) {
			return err_set(e, ERR_REJECTED,
			               "'%s' in the image is a hard link to '%s', which the image "
			               "does not have",
			               i->file.path, i->link);
		} else {
			i->link_layer = x->layer - 1;
			i->before = INT64_MAX;
		}
	}
	return 0;
}

static int read_layer(struct err *e, struct extraction *x, const struct layer *l, bool first)
{
	CLEANUP(layer_reader_closep) struct layer_reader *r = NULL;
	struct layer_progress again = { .fn = NULL };
	const struct layer_entry *entry;

	for (size_t n = 0; n < x->count; n++)
		x->items[n].looking = x->items[n].link && x->items[n].link_layer == x->layer;
	if (layer_reader_open(e, x->store, l, first ? &x->progress : &again, &r) < 0)
		return -1;
	do {
		if (layer_reader_next(e, r, &entry) < 0)
			return -1;
		if (entry && visit(e, x, r, entry, first) < 0)
			return -1;
	} while (entry);
	return settle_links(e, x);
}

static bool links_here(const struct extraction *x)
{
	for (size_t n = 0; x->open_links && n < x->count; n++) {
		if (x->items[n].link && x->items[n].link_layer == x->layer)
			return true;
	}
	return false;
}

static int take_layer(struct err *e, struct extraction *x, const struct layer *l)
{
	if (read_layer(e, x, l, true) < 0)
		return -1;
	for (int depth = 0; links_here(x); depth++) {
		if (depth == EXTRACT_LINK_DEPTH)
			return err_set(e, ERR_REJECTED,
			               "hard links to hard links, more than %d deep",
			               EXTRACT_LINK_DEPTH);
		if (read_layer(e, x, l, false) < 0)
			return -1;
	}
	hiding_seal(&x->hiding);
	return 0;
}

int extract_files(struct err *e, const struct image *i, struct store *s,
                  bool (*wanted)(const char *path, void *ctx),
                  int (*progress)(int64_t bytes, void *ctx), void *ctx, struct extracted_list *ret)
{
	CLEANUP(extraction_release)
	struct extraction x = {
		.store = s, .wanted = wanted, .ctx = ctx, .progress = { .fn = progress, .ctx = ctx }
	};

	*ret = (struct extracted_list){ 0 };
	for (x.layer = i->layer_count - 1; x.layer >= 0; x.layer--) {
		if (take_layer(e, &x, &i->layers[x.layer]) < 0)
			return err_wrap(e, "layer %d of %d", x.layer + 1, i->layer_count);
	}
	ret->items = mem_alloc(x.count * sizeof(*ret->items));
	for (size_t n = 0; n < x.count; n++) {
		ret->items[n] = x.items[n].file;
		x.items[n].file.path = NULL;
	}
	ret->count = (int)x.count;
	return 0;
}

void extracted_list_release(struct extracted_list *l)
{
	for (int n = 0; n < l->count; n++)
		free(l->items[n].path);
	free(l->items);
	*l = (struct extracted_list){ 0 };
}
