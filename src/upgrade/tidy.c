/* SPDX-License-Identifier: MIT */
#include "upgrade/tidy.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "upgrade/policy.h"
#include "upgrade/state.h"

/* The last two: an upgrade that was rolled back is often tried again, and needs no download then. */
#define CONTENT_OF_RUNS 2

/* Every digest that a plan names is still needed while its run can be undone or repeated. */
struct keep_list {
	char **hex;
	int count;
};

static void add(struct keep_list *l, const char *hex)
{
	l->hex = mem_grow(l->hex, (size_t)l->count + 1, sizeof(*l->hex));
	l->hex[l->count++] = mem_dup(hex);
}

static void collect(const struct json *v, struct keep_list *l)
{
	const char *text = json_string(v);

	if (text && (str_starts(text, "sha256:") || str_starts(text, "sha512:")))
		text += strlen("sha256:");
	if (text && (strlen(text) == 64 || strlen(text) == 128))
		add(l, text);
	if (!text)
		for (const struct json *child = json_first(v); child; child = json_next(child))
			collect(child, l);
}

static bool is_kept(const struct digest *d, void *ctx)
{
	struct keep_list *l = ctx;
	char hex[DIGEST_TEXT_MAX];

	digest_hex(d, hex);
	for (int i = 0; i < l->count; i++)
		if (strcmp(l->hex[i], hex) == 0)
			return true;
	return false;
}

static int collect_runs(struct err *e, const struct settings *s, struct keep_list *ret)
{
	CLEANUP(run_ids_release) struct run_ids ids = { 0 };
	CLEANUP(json_freep) struct json *committed = NULL;

	if (state_runs(e, s, &ids) < 0 || state_last_committed(e, s, &committed) < 0)
		return -1;
	collect(committed, ret);
	for (int i = ids.count - 1, found = 0; i >= 0 && found < CONTENT_OF_RUNS; i--) {
		CLEANUP(json_freep) struct json *plan = NULL;

		if (state_read(e, s, ids.items[i], "plan.json", &plan) < 0)
			return -1;
		collect(plan, ret);
		found += plan != NULL;
	}
	return 0;
}

static void keep_list_release(struct keep_list *l)
{
	for (int i = 0; i < l->count; i++)
		free(l->hex[i]);
	free(l->hex);
}

static void add_digest(struct keep_list *l, const struct digest *d)
{
	char hex[DIGEST_TEXT_MAX];

	digest_hex(d, hex);
	add(l, hex);
}

static void add_image(struct keep_list *l, const struct image *i)
{
	add_digest(l, &i->top);
	add_digest(l, &i->manifest);
	add_digest(l, &i->config);
	for (int n = 0; n < i->layer_count; n++)
		add_digest(l, &i->layers[n].digest);
}

void tidy(struct run *r, const struct json *plan, const struct image *i, int64_t age_s)
{
	CLEANUP(keep_list_release) struct keep_list l = { 0 };
	struct err e;
	int64_t freed;

	collect(plan, &l);
	if (i)
		add_image(&l, i);
	if (collect_runs(&e, r->settings, &l) < 0 ||
	    store_prune(&e, r->store, is_kept, &l, age_s, &freed) < 0 || policy_tidy(&e, r) < 0 ||
	    state_prune(&e, r->settings) < 0)
		log_warn("cannot tidy up: %s", e.msg);
}
