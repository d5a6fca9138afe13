/* SPDX-License-Identifier: MIT */
#include "upgrade/highest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "os/file.h"
#include "upgrade/version.h"

#define FILE_MAX (1024 * 1024)
#define FILE_MODE 0600

static char *path_of(const struct settings *s)
{
	return mem_printf("%s/highest.json", s->state_dir);
}

void highest_release(struct highest *h)
{
	free(h->version);
	free(h->channel);
	*h = (struct highest){ 0 };
}

static int read_file(struct err *e, const char *path, struct json **ret)
{
	CLEANUP(str_release) struct str text = { 0 };

	*ret = NULL;
	if (file_read(e, path, FILE_MAX, &text) < 0) {
		if (e->sys != ENOENT)
			return -1;
		*ret = json_object();
		return 0;
	}
	if (json_parse(e, ERR_BROKEN, path, text.s ? text.s : "", text.len, ret) < 0)
		return -1;
	if (json_is_object(*ret))
		return 0;
	return err_set(e, ERR_BROKEN, "%s: must be an object", path);
}

static int read_entry(struct err *e, const char *path, const struct json *doc, const char *profile,
                      struct highest *ret)
{
	const struct json_reader r = { ERR_BROKEN, path };
	const struct json *entry;
	const char *version, *channel;

	*ret = (struct highest){ 0 };
	if (!json_get(doc, profile))
		return 0;
	if (json_need_object(e, &r, doc, profile, &entry) < 0 ||
	    json_need_str(e, &r, entry, "version", &version) < 0 ||
	    json_need_str(e, &r, entry, "channel", &channel) < 0 ||
	    json_need_int(e, &r, entry, "epoch", &ret->epoch) < 0)
		return -1;
	ret->version = mem_dup(version);
	ret->channel = mem_dup(channel);
	return 0;
}

int highest_read(struct err *e, const struct settings *s, const char *profile, struct highest *ret)
{
	CLEANUP(mem_freep) char *path = path_of(s);
	CLEANUP(json_freep) struct json *doc = NULL;

	*ret = (struct highest){ 0 };
	return read_file(e, path, &doc) < 0 ? -1 : read_entry(e, path, doc, profile, ret);
}

/* What cannot be compared was let in by a word: it counts only with one. */
static bool is_newer(const struct highest *now, const struct highest *old)
{
	struct err e;
	int order;

	return !old->version ||
	       (version_compare(&e, now->version, old->version, &order) == 0 && order > 0);
}

static bool equal(const struct highest *a, const struct highest *b)
{
	return b->version && strcmp(a->version, b->version) == 0 &&
	       strcmp(a->channel, b->channel) == 0 && a->epoch == b->epoch;
}

static int write_entry(struct err *e, const char *path, struct json *doc, const char *profile,
                       const struct highest *h)
{
	CLEANUP(mem_freep) char *text = NULL, *lines = NULL;
	struct json *entry = json_object();

	json_set_str(entry, "version", h->version);
	json_set_str(entry, "channel", h->channel);
	json_set_int(entry, "epoch", h->epoch);
	json_unset(doc, profile);
	json_set(doc, profile, entry);
	text = json_print_pretty(doc);
	lines = mem_printf("%s\n", text);
	return file_replace(e, path, lines, strlen(lines), FILE_MODE);
}

int highest_record(struct err *e, const struct settings *s, const char *profile,
                   const struct highest *now, bool allowed)
{
	CLEANUP(mem_freep) char *path = path_of(s);
	CLEANUP(json_freep) struct json *doc = NULL;
	CLEANUP(highest_release) struct highest old = { 0 };
	struct highest next;

	if (read_file(e, path, &doc) < 0 || read_entry(e, path, doc, profile, &old) < 0)
		return -1;
	next = allowed || is_newer(now, &old) ? *now : old;
	next.epoch = now->epoch > old.epoch ? now->epoch : old.epoch;
	return equal(&next, &old) ? 0 : write_entry(e, path, doc, profile, &next);
}

static bool is_allowed(const struct json *plan, const char *word)
{
	for (const struct json *v = json_first(json_get(plan, "allowed")); v; v = json_next(v))
		if (json_string(v) && strcmp(json_string(v), word) == 0)
			return true;
	return false;
}

int highest_record_plan(struct err *e, const struct settings *s, const struct json *plan)
{
	const char *kind = json_str(plan, "kind"), *profile = json_str(plan, "profile");
	const char *version = json_str(plan, "to"), *channel = json_str(plan, "channel");
	CLEANUP(highest_release) struct highest now = { 0 };

	/* that of a program before this one says no channel */
	if (!kind || strcmp(kind, "upgrade") != 0 || !profile || !version || !channel)
		return 0;
	now.version = mem_dup(version);
	now.channel = mem_dup(channel);
	now.epoch = json_int(plan, "epoch", 0);
	return highest_record(e, s, profile, &now, is_allowed(plan, "downgrade"));
}
