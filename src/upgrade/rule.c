/* SPDX-License-Identifier: MIT */
#include "upgrade/rule.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "oci/signature.h"
#include "upgrade/version.h"

/* One rule while it is read. */
struct reading {
	const struct rule_context *context;
	struct json_reader reader; /* name: the rule's origin */
	const struct json *object;
	struct rule *rule;
};

void rule_release(struct rule *r)
{
	free(r->origin);
	free(r->keys);
	free(r->key_names);
	*r = (struct rule){ 0 };
}

static bool has(const struct reading *g, const char *key)
{
	return json_get(g->object, key) != NULL;
}

static int bad(struct err *e, const struct reading *g, const char *key, const char *want)
{
	return err_set(e, ERR_USAGE, "%s: key '%s' %s", g->reader.name, key, want);
}

/* ---- lists ---- */

/* An array of strings, each once, at least one; NULL when the key is not there. */
static int take_list(struct err *e, const struct reading *g, const char *key,
                     const struct json **ret)
{
	const struct json *list;

	*ret = NULL;
	if (!has(g, key))
		return 0;
	if (json_need_array(e, &g->reader, g->object, key, &list) < 0)
		return -1;
	if (!json_first(list))
		return bad(e, g, key, "must not be empty");
	for (const struct json *v = json_first(list); v; v = json_next(v)) {
		const struct json *other = json_first(list);

		if (!json_string(v) || !*json_string(v))
			return bad(e, g, key, "must hold strings");
		while (strcmp(json_string(other), json_string(v)) != 0)
			other = json_next(other);
		if (other != v)
			return err_set(e, ERR_USAGE, "%s: key '%s' holds '%s' twice",
			               g->reader.name, key, json_string(v));
	}
	*ret = list;
	return 0;
}

bool rule_lists(const struct json *array, const char *text)
{
	for (const struct json *v = json_first(array); v; v = json_next(v))
		if (strcmp(json_string(v), text) == 0)
			return true;
	return false;
}

/* ---- signatures ---- */

static void add_key(struct rule *r, const struct keyring *k, int i)
{
	r->keys = mem_grow(r->keys, (size_t)r->key_count + 1, sizeof(*r->keys));
	r->key_names = mem_grow(r->key_names, (size_t)r->key_count + 1, sizeof(*r->key_names));
	r->keys[r->key_count] = k->keys[i];
	r->key_names[r->key_count++] = k->names[i];
}

static int take_keys(struct err *e, const struct reading *g)
{
	const struct keyring *k = g->context->keyring;
	const struct json *list;

	if (take_list(e, g, "keys", &list) < 0)
		return -1;
	for (int i = 0; !list && i < k->count; i++)
		add_key(g->rule, k, i);
	for (const struct json *v = json_first(list); v; v = json_next(v)) {
		int i = keyring_find(k, json_string(v));

		if (i < 0)
			return err_set(e, ERR_USAGE,
			               "%s: key 'keys' names '%s', which is not in '%s'",
			               g->reader.name, json_string(v), k->dir);
		add_key(g->rule, k, i);
	}
	return 0;
}

/* One key in two files is one signer. */
static int count_signers(const struct rule *r)
{
	int count = 0;

	for (int i = 0; i < r->key_count; i++) {
		int same = 0;

		while (!digest_equal(pubkey_fingerprint(r->keys[same]),
		                     pubkey_fingerprint(r->keys[i])))
			same++;
		count += same == i;
	}
	return count;
}

static int take_signatures(struct err *e, const struct reading *g)
{
	int64_t n = 1;

	if (has(g, "signatures") && json_need_int(e, &g->reader, g->object, "signatures", &n) < 0)
		return -1;
	if (n < 1)
		return bad(e, g, "signatures", "must be at least 1");
	/* without any key the image is refused, not the file: other rules may do without */
	if (n > 1 && n > count_signers(g->rule))
		return err_set(e, ERR_USAGE,
		               "%s: key 'signatures' asks for %lld, but there are only %d keys",
		               g->reader.name, (long long)n, count_signers(g->rule));
	g->rule->signatures = (int)n;
	return 0;
}

static int take_formats(struct err *e, const struct reading *g)
{
	const struct json *list;
	enum signature_format f;

	g->rule->formats = g->context->formats;
	if (take_list(e, g, "signature_formats", &list) < 0)
		return -1;
	if (list)
		g->rule->formats = 0;
	for (const struct json *v = json_first(list); v; v = json_next(v)) {
		if (!signature_format_parse(json_string(v), &f))
			return bad(e, g, "signature_formats",
			           "may hold \"classic\" and \"bundle\"");
		g->rule->formats |= f;
	}
	return 0;
}

static int take_signed_as(struct err *e, const struct reading *g)
{
	if (!has(g, "signed_as"))
		return 0;
	if (json_need_str(e, &g->reader, g->object, "signed_as", &g->rule->signed_as) < 0)
		return -1;
	if (g->rule->formats != SIGNATURE_CLASSIC)
		return bad(e, g, "signed_as",
		           "needs \"signature_formats\": [\"classic\"]: a bundle names no "
		           "repository");
	return 0;
}

/* A key that may have one value only, which says what it does in so many words. */
static int take_word(struct err *e, const struct reading *g, const char *key, const char *word,
                     bool *ret)
{
	const char *text;

	if (!has(g, key))
		return 0;
	if (json_need_str(e, &g->reader, g->object, key, &text) < 0)
		return -1;
	if (strcmp(text, word) != 0)
		return err_set(e, ERR_USAGE, "%s: key '%s' may be \"%s\" only", g->reader.name, key,
		               word);
	*ret = true;
	return 0;
}

static int take_unsigned(struct err *e, const struct reading *g)
{
	static const char *const excluded[] = { "keys",      "signatures", "signature_formats",
		                                "signed_as", "expiry",     NULL };

	if (take_word(e, g, "unsigned", "accepted", &g->rule->accepts_unsigned) < 0)
		return -1;
	for (const char *const *key = excluded; g->rule->accepts_unsigned && *key; key++)
		if (has(g, *key))
			return bad(e, g, *key, "says nothing beside \"unsigned\": \"accepted\"");
	return 0;
}

/* ---- versions ---- */

static int take_digests(struct err *e, const struct reading *g)
{
	struct digest d;

	if (take_list(e, g, "digests", &g->rule->digests) < 0)
		return -1;
	for (const struct json *v = json_first(g->rule->digests); v; v = json_next(v)) {
		if (digest_parse(e, json_string(v), &d) < 0) {
			e->code = ERR_USAGE;
			return err_wrap(e, "%s: key 'digests'", g->reader.name);
		}
	}
	return 0;
}

static int check_version(struct err *e, const struct reading *g, const char *key, const char *text)
{
	struct version v;

	if (version_parse(e, text, &v) == 0)
		return 0;
	e->code = ERR_USAGE;
	return err_wrap(e, "%s: key '%s'", g->reader.name, key);
}

static int take_minimum(struct err *e, const struct reading *g)
{
	struct rule *r = g->rule;

	if (has(g, "minimum_version") &&
	    (json_need_str(e, &g->reader, g->object, "minimum_version", &r->minimum_version) < 0 ||
	     check_version(e, g, "minimum_version", r->minimum_version) < 0))
		return -1;
	if (has(g, "minimum_epoch"))
		return json_need_int(e, &g->reader, g->object, "minimum_epoch", &r->minimum_epoch);
	return 0;
}

static int take_step(struct err *e, const struct reading *g)
{
	static const char *const steps[] = { [RULE_STEP_PATCH] = "patch",
		                             [RULE_STEP_MINOR] = "minor",
		                             [RULE_STEP_MAJOR] = "major",
		                             [RULE_STEP_RELEASE] = "release" };
	struct rule *r = g->rule;
	const char *text;

	if (take_list(e, g, "releases", &r->releases) < 0)
		return -1;
	for (const struct json *v = json_first(r->releases); v; v = json_next(v))
		if (check_version(e, g, "releases", json_string(v)) < 0)
			return -1;
	if (has(g, "step")) {
		if (json_need_str(e, &g->reader, g->object, "step", &text) < 0)
			return -1;
		for (size_t i = RULE_STEP_PATCH; i < sizeof(steps) / sizeof(*steps); i++)
			if (strcmp(steps[i], text) == 0)
				r->step = (enum rule_step)i;
		if (r->step == RULE_STEP_ANY)
			return bad(e, g, "step",
			           "may be \"patch\", \"minor\", \"major\" or \"release\"");
	}
	if ((r->step == RULE_STEP_RELEASE) != (r->releases != NULL))
		return bad(e, g, r->releases ? "releases" : "step",
		           r->releases ? "needs \"step\": \"release\""
		                       : "\"release\" needs the list \"releases\"");
	return 0;
}

static int take_forbidden(struct err *e, const struct reading *g)
{
	struct rule *r = g->rule;
	const struct json *list;

	if (take_list(e, g, "forbid", &list) < 0)
		return -1;
	r->forbids_downgrade = rule_lists(list, "allow-downgrade");
	r->forbids_channel_change = rule_lists(list, "allow-channel-change");
	if (json_length(list) != r->forbids_downgrade + r->forbids_channel_change)
		return bad(e, g, "forbid",
		           "may hold \"allow-downgrade\" and \"allow-channel-change\"");
	return 0;
}

/* ---- the whole ---- */

static int take_patterns(struct err *e, const struct reading *g)
{
	const char *name;

	if (json_need_str(e, &g->reader, g->object, "name", &name) < 0)
		return -1;
	if (!has(g, "repositories"))
		return bad(e, g, "repositories", "is missing");
	return take_list(e, g, "repositories", &g->rule->repositories);
}

/* The first two are not for the default. */
static const char *const keys[] = {
	"name",   "repositories", "keys",    "signatures", "signature_formats", "signed_as",
	"expiry", "unsigned",     "digests", "channels",   "minimum_version",   "minimum_epoch",
	"step",   "releases",     "forbid",  NULL
};

static int read_all(struct err *e, const struct reading *g, bool has_patterns)
{
	struct rule *r = g->rule;

	if (!json_is_object(g->object))
		return err_set(e, ERR_USAGE, "%s: must be an object", g->reader.name);
	if (json_only(e, &g->reader, g->object, has_patterns ? keys : keys + 2) < 0 ||
	    (has_patterns && take_patterns(e, g) < 0))
		return -1;
	if (take_keys(e, g) < 0 || take_signatures(e, g) < 0 || take_formats(e, g) < 0 ||
	    take_signed_as(e, g) < 0 ||
	    take_word(e, g, "expiry", "required", &r->needs_expiry) < 0 || take_unsigned(e, g) < 0)
		return -1;
	if (take_digests(e, g) < 0 || take_list(e, g, "channels", &r->channels) < 0 ||
	    take_minimum(e, g) < 0 || take_step(e, g) < 0 || take_forbidden(e, g) < 0)
		return -1;
	return 0;
}

int rule_read(struct err *e, const struct rule_context *c, const struct json *object,
              bool has_patterns, struct rule *ret)
{
	CLEANUP(rule_release)
	struct rule r = { .otherwise = "let that rule say \"unsigned\": \"accepted\"" };
	const char *name = json_str(object, "name");
	struct reading g = { .context = c, .object = object, .rule = &r };

	r.origin = has_patterns ? mem_printf("%s, rule '%s'", c->file, name ? name : "")
	                        : mem_printf("%s, the default", c->file);
	g.reader = (struct json_reader){ ERR_USAGE, r.origin };
	if (read_all(e, &g, has_patterns) < 0)
		return -1;
	*ret = r;
	r = (struct rule){ 0 };
	return 0;
}

void rule_builtin(const struct rule_context *c, struct rule *ret)
{
	*ret = (struct rule){
		.origin = mem_printf("the default without %s", c->file),
		.otherwise = "remove the keys",
		.accepts_unsigned = c->keyring->count == 0,
		.signatures = 1,
		.formats = c->formats,
	};
	for (int i = 0; i < c->keyring->count; i++)
		add_key(ret, c->keyring, i);
}

bool rule_is_for(const struct rule *r, const char *repository)
{
	if (!r->repositories)
		return true;
	for (const struct json *v = json_first(r->repositories); v; v = json_next(v))
		if (str_match(json_string(v), repository))
			return true;
	return false;
}
