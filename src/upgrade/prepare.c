/* SPDX-License-Identifier: MIT */
#include "upgrade/prepare.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "os/file.h"

#define MIB (1024.0 * 1024.0)

void prepared_release(struct prepared *p)
{
	node_free(p->node);
	image_free(p->image);
	profile_free(p->profile);
	change_list_release(&p->changes);
	free(p->version);
}

void prepare_tell_node(struct run *r, const struct node *n)
{
	struct json *data = json_object();
	int stay = 0;

	for (int i = 0; i < n->running.count; i++)
		stay += !node_expects(n, &n->running.items[i]);
	json_set_str(data, "socket", n->socket);
	json_set_str(data, "version", n->engine.version);
	json_set_int(data, "containers", n->running.count);
	json_set_bool(data, "live_restore", n->engine.live_restore);
	event_tell(r->events, EVENT_INFO, "node", data,
	           "engine %s at %s, %d container%s running, live-restore %s", n->engine.version,
	           n->socket, n->running.count, n->running.count == 1 ? "" : "s",
	           n->engine.live_restore ? "on" : "off");
	if (stay)
		event_tell(r->events, EVENT_WARNING, "node", NULL,
		           "%d container%s without a restart policy will not run after the restart",
		           stay, stay == 1 ? "" : "s");
}

/* ---- fetch ---- */

static int tell_progress(const struct fetch_progress *p, void *ctx)
{
	struct run *r = ctx;
	struct json *data;

	if (!p->total)
		return run_interrupted(r) != NULL;
	data = json_object();
	json_set_int(data, "done", p->done);
	json_set_int(data, "total", p->total);
	event_tell(r->events, EVENT_PROGRESS, "pull", data, "%.1f of %.1f MiB",
	           (double)p->done / MIB, (double)p->total / MIB);
	return run_interrupted(r) != NULL;
}

int prepare_fetch(struct err *e, struct run *r, const struct reference *ref, struct image **ret)
{
	struct fetch_options o = {
		.ca_file = r->settings->ca_file,
		.config_file = r->settings->docker_config,
		.certs_dir = "/etc/docker/certs.d",
		.plain_http = r->settings->plain_http,
		.platform = image_platform(),
		.progress = tell_progress,
		.ctx = r,
	};
	CLEANUP(mem_freep) char *name = reference_format(ref);
	char digest[DIGEST_TEXT_MAX];
	int64_t start = clock_ms(), size = 0;
	const char *why;
	struct json *data;

	event_tell(r->events, EVENT_INFO, "pull", NULL, "%s", name);
	if (fetch_image(e, &o, ref, r->store, ret) < 0) {
		why = run_interrupted(r);
		return why ? err_set(e, ERR_RETRY, "%s; nothing was touched", why) : -1;
	}
	for (int i = 0; i < (*ret)->layer_count; i++)
		size += (*ret)->layers[i].size;
	digest_format(&(*ret)->top, digest);
	data = json_object();
	json_set_str(data, "digest", digest);
	json_set_int(data, "bytes", size);
	json_set_int(data, "ms", clock_ms() - start);
	event_tell(r->events, EVENT_INFO, "pull", data,
	           "%s, %d layer%s, %.1f MiB in %.1f s, every byte verified", digest,
	           (*ret)->layer_count, (*ret)->layer_count == 1 ? "" : "s", (double)size / MIB,
	           (double)(clock_ms() - start) / 1000);
	return 0;
}

/* ---- profile and files ---- */

/* What is looked for in an image in one reading: its own profile, and what the profile that is
 * known, or any built-in one, would take. */
struct wish {
	struct run *run;
	struct profile *known; /* NULL: not yet */
	struct profile **builtin;
};

static bool wanted(const char *path, void *ctx)
{
	struct wish *w = ctx;

	if (w->known)
		return profile_wants(w->known, path);
	for (int i = 0; w->builtin[i]; i++)
		if (profile_wants(w->builtin[i], path))
			return true;
	return strcmp(path, PROFILE_IN_IMAGE) == 0;
}

static int unpack_progress(int64_t bytes, void *ctx)
{
	struct wish *w = ctx;

	event_tell(w->run->events, EVENT_PROGRESS, "unpack", NULL, "%.1f MiB read",
	           (double)bytes / MIB);
	return run_interrupted(w->run) != NULL;
}

static int unpack(struct err *e, struct wish *w, const struct image *i, struct extracted_list *ret)
{
	const char *why;

	if (extract_files(e, i, w->run->store, wanted, unpack_progress, w, ret) == 0)
		return 0;
	why = run_interrupted(w->run);
	return why ? err_set(e, ERR_RETRY, "%s; nothing was touched", why) : -1;
}

static const struct extracted *find_file(const struct extracted_list *l, const char *path)
{
	for (int i = 0; i < l->count; i++)
		if (strcmp(l->items[i].path, path) == 0)
			return &l->items[i];
	return NULL;
}

static int profile_of_image(struct err *e, struct run *r, const struct extracted *file,
                            struct profile **ret)
{
	CLEANUP(mem_freep) char *path = store_path(r->store, &file->digest);
	CLEANUP(str_release) struct str text = { 0 };

	if (file_read(e, path, PROFILE_MAX, &text) < 0)
		return -1;
	return profile_parse(e, ERR_REJECTED, "the image's " PROFILE_IN_IMAGE, text.s, text.len,
	                     ret);
}

/* The built-in profile of which every required file is there. */
static struct profile *fitting(struct profile **builtin, const struct extracted_list *files)
{
	for (int i = 0; builtin[i]; i++) {
		bool all = true;

		for (int k = 0; k < builtin[i]->file_count; k++)
			if (builtin[i]->files[k].required &&
			    !find_file(files, builtin[i]->files[k].from))
				all = false;
		if (all)
			return STEAL(builtin[i]);
	}
	return NULL;
}

/* Are all files that it names without a pattern among those that were taken already? */
static bool has_all(const struct profile *p, const struct extracted_list *files)
{
	for (int i = 0; i < p->file_count; i++)
		if (!find_file(files, p->files[i].from))
			return false;
	return true;
}

static int choose(struct err *e, struct wish *w, const struct image *i,
                  struct extracted_list *files, struct profile **ret)
{
	const struct extracted *own;
	struct extracted_list more;

	if (unpack(e, w, i, files) < 0)
		return -1;
	if (w->known) {
		*ret = STEAL(w->known);
		return 0;
	}
	own = find_file(files, PROFILE_IN_IMAGE);
	if (!own) {
		*ret = fitting(w->builtin, files);
		return *ret ? 0
		            : err_set(e, ERR_REJECTED,
		                      "no profile fits the image: it has no %s, and not the files "
		                      "of a built-in one; name one with --profile",
		                      PROFILE_IN_IMAGE);
	}
	if (profile_of_image(e, w->run, own, &w->known) < 0)
		return -1;
	if (!has_all(w->known, files)) {
		if (unpack(e, w, i, &more) < 0)
			return -1;
		extracted_list_release(files);
		*files = more;
	}
	*ret = STEAL(w->known);
	return 0;
}

static int read_builtin(struct err *e, struct profile ***ret)
{
	int count = 0;

	while (profile_builtin(count))
		count++;
	*ret = mem_alloc(sizeof(**ret) * (size_t)(count + 1));
	for (int i = 0; i < count; i++) {
		const char *text = profile_builtin(i);

		if (profile_parse(e, ERR_BUG, "built-in profile", text, strlen(text), &(*ret)[i]) <
		    0)
			return -1;
	}
	return 0;
}

static void free_builtin(struct profile ***list)
{
	for (int i = 0; *list && (*list)[i]; i++)
		profile_free((*list)[i]);
	free(*list);
}

/* --profile, then the host's, then the image's own, then a built-in one. */
static int profile_and_files(struct err *e, struct run *r, const struct reference *ref,
                             const struct image *i, struct extracted_list *files,
                             struct profile **ret)
{
	CLEANUP(mem_freep) char *repository = mem_printf("%s/%s", ref->host, ref->path);
	CLEANUP(mem_freep) char *dir = mem_printf("%s/profiles", r->settings->config_dir);
	CLEANUP(free_builtin) struct profile **builtin = NULL;
	CLEANUP(profile_freep) struct profile *known = NULL;
	struct wish w = { .run = r };
	int failed;

	if (r->settings->profile_file) {
		if (profile_read(e, r->settings->profile_file, &known) < 0)
			return -1;
	} else if (profile_find(e, dir, repository, &known) < 0) {
		return -1;
	}
	if (read_builtin(e, &builtin) < 0)
		return -1;
	w.known = STEAL(known);
	w.builtin = builtin;
	failed = choose(e, &w, i, files, ret);
	profile_free(w.known);
	return failed;
}

/* What the image says of itself; its tag where it says nothing and the tag looks like a version. */
static int version_of(struct err *e, const struct prepared *p, const struct reference *ref,
                      char **ret)
{
	const char *env =
		p->profile->version_env ? image_env(p->image, p->profile->version_env) : NULL;
	const char *label =
		p->profile->version_label ? image_label(p->image, p->profile->version_label) : NULL;
	const char *said = env && *env ? env : label && *label ? label : NULL;

	if (!said && ref->tag && isdigit((unsigned char)ref->tag[ref->tag[0] == 'v']))
		said = ref->tag;
	if (!said)
		return err_set(e, ERR_REJECTED,
		               "the image does not say its version: profile '%s' (%s) looks "
		               "for variable %s or label %s",
		               p->profile->name, p->profile->origin,
		               p->profile->version_env ? p->profile->version_env : "(none)",
		               p->profile->version_label ? p->profile->version_label : "(none)");
	*ret = mem_dup(said);
	return 0;
}

static void tell_changes(struct run *r, const struct prepared *p)
{
	struct json *data = json_object();
	int differ = 0;
	int64_t bytes = 0;

	for (int i = 0; i < p->changes.count; i++) {
		if (!change_is_needed(&p->changes.items[i]))
			continue;
		differ++;
		bytes += p->changes.items[i].size;
	}
	json_set_str(data, "profile", p->profile->name);
	json_set_int(data, "files", p->changes.count);
	json_set_int(data, "changed", differ);
	event_tell(r->events, EVENT_INFO, "check", data,
	           "profile %s: version %s, %d of %d files differ (%.1f MiB), all can run on this "
	           "node",
	           p->profile->name, p->version, differ, p->changes.count, (double)bytes / MIB);
}

static int examine(struct err *e, struct run *r, const struct reference *ref, struct prepared *p)
{
	struct extracted_list files = { 0 };
	int failed =
		profile_and_files(e, r, ref, p->image, &files, &p->profile) < 0 ||
		node_look_up_units(e, p->node, p->profile->units, p->profile->unit_count) < 0 ||
		version_of(e, p, ref, &p->version) < 0 ||
		change_from_image(e, p->node, p->profile, &files, &p->changes) < 0 ||
		change_check_elf(e, &p->changes, r->store) < 0 ||
		change_check_room(e, &p->changes) < 0;

	extracted_list_release(&files);
	return failed ? -1 : 0;
}

int prepare_image(struct err *e, struct run *r, const struct reference *ref, struct prepared *ret)
{
	CLEANUP(prepared_release) struct prepared p = { 0 };

	if (node_open(e, r->settings, &p.node) < 0)
		return -1;
	prepare_tell_node(r, p.node);
	if (prepare_fetch(e, r, ref, &p.image) < 0 || examine(e, r, ref, &p) < 0)
		return -1;
	tell_changes(r, &p);
	*ret = p;
	p = (struct prepared){ 0 };
	return 0;
}
