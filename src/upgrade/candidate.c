/* SPDX-License-Identifier: MIT */
#include "upgrade/candidate.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "upgrade/advance.h"
#include "upgrade/version.h"

#define LABELS "labels of the image"

void candidate_init(struct candidate *c)
{
	*c = (struct candidate){ .epoch = -1 };
	claims_init(&c->approval.claims);
}

void candidate_release(struct candidate *c)
{
	approval_release(&c->approval);
	free(c->version);
	free(c->channel);
	json_free(c->allowed);
	candidate_init(c);
}

int candidate_approve(struct err *e, struct candidate *c, struct fetch *f, const struct digest *top)
{
	return policy_approve(e, c->policy, c->run, f, c->reference, top, c->named_by_archive,
	                      &c->approval);
}

/* ---- its version ---- */

static int agree(struct err *e, const char *version, const char *where, const char *said)
{
	int order;

	if (!version || !said || strcmp(version, said) == 0)
		return 0;
	if (version_compare(e, version, said, &order) < 0)
		return -1;
	return order == 0
	               ? 0
	               : err_set(e, ERR_REJECTED, "it is signed as version '%s', but %s says '%s'",
	                         version, where, said);
}

/* What the image says where the profile looks for it; NULL: nothing. */
static const char *said_by_image(const struct candidate *c, const struct image *i)
{
	const struct profile *p = c->profile;
	const char *env = p && p->version_env ? image_env(i, p->version_env) : NULL;
	const char *label = p && p->version_label ? image_label(i, p->version_label) : NULL;

	return env && *env ? env : label && *label ? label : NULL;
}

static const char *said_by_tag(const struct candidate *c)
{
	const char *tag = c->reference->tag;
	struct version v;
	struct err e;

	return tag && version_parse(&e, tag, &v) == 0 ? tag : NULL;
}

/* c->version stays NULL where nothing is said. */
static int find_version(struct err *e, struct candidate *c, const struct image *i,
                        const struct claims *labels)
{
	const char *annotation = c->approval.claims.version, *said = said_by_image(c, i);
	const char *known = annotation ? annotation : labels->version;

	if (agree(e, annotation, "its label nodelift.version", labels->version) < 0 ||
	    agree(e, known, "the image", said) < 0)
		return -1;
	/* the image's own way of writing it is how its programs write it */
	if (!said)
		said = known ? known : c->profile ? said_by_tag(c) : NULL;
	free(c->version);
	c->version = said ? mem_dup(said) : NULL;
	return 0;
}

static int need_version(struct err *e, const struct candidate *c)
{
	const struct profile *p = c->profile;

	if (c->version)
		return 0;
	return err_set(
		e, ERR_REJECTED,
		"the image does not say its version: profile '%s' (%s) looks for variable %s "
		"or label %s, and it has neither annotation nor label nodelift.version",
		p->name, p->origin, p->version_env ? p->version_env : "(none)",
		p->version_label ? p->version_label : "(none)");
}

/* ---- channel, epoch, expiry ---- */

static const char *find_channel(const struct candidate *c, const struct claims *labels)
{
	const char *tag = c->reference->tag;
	const char *said[] = {
		c->approval.claims.channel,
		labels->channel,
		c->profile ? c->profile->channel : NULL,
		tag ? version_channel(tag) : NULL,
		version_channel(c->version),
	};

	for (size_t i = 0; i < sizeof(said) / sizeof(*said); i++)
		if (said[i])
			return said[i];
	return VERSION_CHANNEL_STABLE;
}

static int check_expiry(struct err *e, const struct candidate *c, const struct claims *labels)
{
	const struct rule *r = c->approval.rule;
	char text[CLAIMS_TIME_MAX];

	/* a signature that has expired did not count in the first place */
	if (c->approval.claims.expires >= 0)
		return 0;
	if (claims_expired(labels, time(NULL))) {
		claims_time(labels->expires, text);
		return err_set(e, ERR_REJECTED,
		               "expired on %s, says its label nodelift.expires: take a newer image",
		               text);
	}
	if (labels->expires >= 0 || !r->needs_expiry)
		return 0;
	return err_set(e, ERR_REJECTED,
	               "it does not say when it expires: %s, asks for that: sign it with "
	               "-a nodelift.expires=TIME",
	               r->origin);
}

/* ---- the verdict ---- */

static int advance(struct err *e, struct candidate *c)
{
	CLEANUP(highest_release) struct highest highest = { 0 };
	const struct settings *s = c->run->settings;
	struct advance a = {
		.rule = c->approval.rule,
		.running = c->running,
		.version = c->version,
		.channel = c->channel,
		.epoch = c->epoch >= 0 ? c->epoch : 0,
		.allow_downgrade = s->allow_downgrade,
		.allow_channel_change = s->allow_channel_change,
	};

	if (c->profile && highest_read(e, s, c->profile->name, &highest) < 0)
		return -1;
	a.highest = highest;
	json_free(c->allowed);
	c->allowed = json_array();
	return advance_check(e, &a, c->allowed);
}

int candidate_examine(struct err *e, struct candidate *c, const struct image *i)
{
	CLEANUP(claims_release) struct claims labels;
	int64_t epoch = c->approval.claims.epoch;

	if (claims_read(e, LABELS, json_get(i->config_json, "config"), "Labels", &labels) < 0 ||
	    check_expiry(e, c, &labels) < 0 || find_version(e, c, i, &labels) < 0)
		return -1;
	free(c->channel);
	c->channel = c->version ? mem_dup(find_channel(c, &labels)) : NULL;
	c->epoch = epoch >= 0 ? epoch : labels.epoch;
	return advance(e, c);
}

static void tell_allowed(const struct candidate *c)
{
	for (const struct json *v = json_first(c->allowed); v; v = json_next(v))
		event_tell(c->run->events, EVENT_WARNING, "check", NULL,
		           "to %s, channel %s: allowed by --allow-%s", c->version, c->channel,
		           json_string(v));
}

int candidate_judge(struct err *e, struct candidate *c, const struct image *i)
{
	if (candidate_examine(e, c, i) < 0 || need_version(e, c) < 0)
		return err_wrap(e, "%.255s", i->reference);
	tell_allowed(c);
	return 0;
}

void candidate_describe(const struct candidate *c, struct json *ret)
{
	if (c->approval.signed_by)
		json_set(ret, "signed_by", json_copy(c->approval.signed_by));
	json_set_str(ret, "channel", c->channel);
	if (c->epoch >= 0)
		json_set_int(ret, "epoch", c->epoch);
	if (json_first(c->allowed))
		json_set(ret, "allowed", json_copy(c->allowed));
}
