/* SPDX-License-Identifier: MIT */
#include "upgrade/prepare.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "upgrade/unpack.h"

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

/* ---- what is in it ---- */

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

static int examine(struct err *e, struct run *r, const struct reference *ref,
                   struct profiles *profiles, struct prepared *p)
{
	struct extracted_list files = { 0 };
	int failed =
		unpack_image(e, r, p->image, profiles, &files, &p->profile) < 0 ||
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
	CLEANUP(profiles_release) struct profiles profiles = { 0 };

	if (profiles_open(e, r->settings, ref, &profiles) < 0)
		return -1;
	if (node_open(e, r->settings, &p.node) < 0)
		return -1;
	prepare_tell_node(r, p.node);
	if (prepare_fetch(e, r, ref, &p.image) < 0 || examine(e, r, ref, &profiles, &p) < 0)
		return -1;
	tell_changes(r, &p);
	*ret = p;
	p = (struct prepared){ 0 };
	return 0;
}
