/* SPDX-License-Identifier: MIT */
#include "upgrade/prepare.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "upgrade/local.h"
#include "upgrade/unpack.h"

#define MIB (1024.0 * 1024.0)

void prepared_release(struct prepared *p)
{
	node_free(p->node);
	import_release(&p->import);
	image_free(p->image);
	profile_free(p->profile);
	change_list_release(&p->changes);
	candidate_release(&p->candidate);
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
	struct run *r = ((struct candidate *)ctx)->run;
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

static int approve(struct err *e, struct fetch *f, const struct digest *top, void *ctx)
{
	return candidate_approve(e, ctx, f, top);
}

static int examine_early(struct err *e, const struct image *i, void *ctx)
{
	return candidate_examine(e, ctx, i);
}

static void tell_image(struct run *r, const struct image *i, int64_t ms)
{
	char digest[DIGEST_TEXT_MAX];
	struct json *data = json_object();
	int64_t size = 0;

	for (int n = 0; n < i->layer_count; n++)
		size += i->layers[n].size;
	digest_format(&i->top, digest);
	json_set_str(data, "digest", digest);
	json_set_int(data, "bytes", size);
	json_set_int(data, "ms", ms);
	event_tell(r->events, EVENT_INFO, "pull", data,
	           "%s, %d layer%s, %.1f MiB in %.1f s, every byte verified", digest,
	           i->layer_count, i->layer_count == 1 ? "" : "s", (double)size / MIB,
	           (double)ms / 1000);
}

const struct reference *prepared_name(const struct prepared *p, const struct origin *o)
{
	return o->kind == ORIGIN_REGISTRY ? &o->name : &p->import.name;
}

static int import(struct err *e, struct run *r, const struct origin *o, struct prepared *ret)
{
	return o->kind == ORIGIN_REGISTRY ? 0 : local_import(e, r, o, &ret->import);
}

static int fetch(struct err *e, struct run *r, const struct reference *ref,
                 struct collection *signatures, struct prepared *ret)
{
	struct fetch_options o = {
		.ca_file = r->settings->ca_file,
		.config_file = r->settings->docker_config,
		.certs_dir = "/etc/docker/certs.d",
		.credential_helpers = r->settings->credential_helpers,
		.hosts_dir = "/etc/containerd/certs.d",
		.daemon_file = "/etc/docker/daemon.json",
		.insecure = r->settings->insecure_registries,
		.signed_required = policy_wants_signature(ret->candidate.policy, ref),
		.plain_http = r->settings->plain_http,
		.platform = image_platform(),
		.progress = tell_progress,
		.approve = approve,
		.examine = examine_early,
		.ctx = &ret->candidate,
		.import = ret->import.text ? &ret->import : NULL,
		.collection = signatures,
	};
	CLEANUP(mem_freep) char *name = reference_format(ref);
	int64_t start = clock_ms();
	const char *why;

	if (!o.import)
		event_tell(r->events, EVENT_INFO, "pull", NULL, "%s", name);
	if (fetch_image(e, &o, ref, r->store, &ret->image) < 0) {
		why = run_interrupted(r);
		return why ? err_set(e, ERR_RETRY, "%s; nothing was touched", why) : -1;
	}
	tell_image(r, ret->image, clock_ms() - start);
	return 0;
}

static void begin(struct prepared *p, struct run *r, const struct policy *policy)
{
	candidate_init(&p->candidate);
	p->candidate.run = r;
	p->candidate.policy = policy;
}

static void name_candidate(struct prepared *p, const struct origin *o)
{
	p->candidate.reference = prepared_name(p, o);
	p->candidate.named_by_archive = p->import.named_inside;
}

int prepare_fetch(struct err *e, struct run *r, const struct origin *o,
                  struct collection *signatures, struct prepared *ret)
{
	CLEANUP(policy_release) struct policy policy = { 0 };

	begin(ret, r, &policy);
	if (policy_open(e, r->settings, &policy) < 0 || import(e, r, o, ret) < 0)
		return -1;
	name_candidate(ret, o);
	return fetch(e, r, ret->candidate.reference, signatures, ret);
}

/* ---- what is in it ---- */

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
	           p->profile->name, p->candidate.version, differ, p->changes.count,
	           (double)bytes / MIB);
}

/* From here on nothing is known that could change the verdict. */
static int judge(struct err *e, struct prepared *p)
{
	p->candidate.profile = p->profile;
	return candidate_judge(e, &p->candidate, p->image);
}

static int examine(struct err *e, struct run *r, struct profiles *profiles, struct prepared *p)
{
	struct extracted_list files = { 0 };
	int failed =
		unpack_image(e, r, p->image, profiles, &files, &p->profile) < 0 ||
		judge(e, p) < 0 ||
		node_look_up_units(e, p->node, p->profile->units, p->profile->unit_count) < 0 ||
		change_from_image(e, p->node, p->profile, &files, &p->changes) < 0 ||
		change_check_elf(e, &p->changes, r->store) < 0 ||
		change_check_room(e, &p->changes) < 0;

	extracted_list_release(&files);
	return failed ? -1 : 0;
}

int prepare_image(struct err *e, struct run *r, const struct origin *o, struct prepared *ret)
{
	CLEANUP(prepared_release) struct prepared p = { 0 };
	CLEANUP(profiles_release) struct profiles profiles = { 0 };
	CLEANUP(policy_release) struct policy policy = { 0 };
	const struct reference *ref;

	begin(&p, r, &policy);
	if (policy_open(e, r->settings, &policy) < 0 || node_open(e, r->settings, &p.node) < 0)
		return -1;
	prepare_tell_node(r, p.node);
	if (import(e, r, o, &p) < 0)
		return -1;
	name_candidate(&p, o);
	ref = p.candidate.reference;
	if (profiles_open(e, r->settings, ref, &profiles) < 0)
		return -1;
	p.candidate.running = p.node->engine.version;
	p.candidate.profile = profiles.known;
	if (fetch(e, r, ref, NULL, &p) < 0 || examine(e, r, &profiles, &p) < 0)
		return -1;
	tell_changes(r, &p);
	*ret = p;
	p = (struct prepared){ 0 };
	return 0;
}
