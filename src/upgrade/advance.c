/* SPDX-License-Identifier: MIT */
#include "upgrade/advance.h"

#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "upgrade/version.h"

/* ---- what the rule says, whatever runs ---- */

static int check_channels(struct err *e, const struct advance *a)
{
	CLEANUP(str_release) struct str list = { 0 };
	const struct json *channels = a->rule->channels;

	if (!channels || rule_lists(channels, a->channel))
		return 0;
	for (const struct json *v = json_first(channels); v; v = json_next(v))
		str_addf(&list, "%s'%s'", list.len ? ", " : "", json_string(v));
	return err_set(e, ERR_REJECTED, "%s is of channel '%s': %s, takes only %s: add it there",
	               a->version, a->channel, a->rule->origin, list.s);
}

static int check_minimum(struct err *e, const struct advance *a)
{
	const char *minimum = a->rule->minimum_version;
	int order;

	if (!minimum)
		return 0;
	if (version_compare(e, a->version, minimum, &order) < 0)
		return err_wrap(e, "%s, key 'minimum_version'", a->rule->origin);
	if (order >= 0)
		return 0;
	return err_set(e, ERR_REJECTED,
	               "%s is older than %s: %s, takes none below it: lower minimum_version",
	               a->version, minimum, a->rule->origin);
}

static int check_epoch(struct err *e, const struct advance *a)
{
	if (a->epoch < a->rule->minimum_epoch)
		return err_set(e, ERR_REJECTED,
		               "its epoch is %" PRId64 ": %s, takes none below %" PRId64
		               ": sign it with that nodelift.epoch, or lower minimum_epoch",
		               a->epoch, a->rule->origin, a->rule->minimum_epoch);
	if (a->epoch < a->highest.epoch)
		return err_set(e, ERR_REJECTED,
		               "its epoch is %" PRId64 ", and %" PRId64
		               " was committed here: no option allows that: sign it with a "
		               "nodelift.epoch that is not lower",
		               a->epoch, a->highest.epoch);
	return 0;
}

/* ---- how far it may go at once ---- */

/* The place of a version's release in the list; -1: it has none. */
static int place_in(const struct json *releases, const struct version *v)
{
	struct version release;
	struct err e;
	int n = 0;

	for (const struct json *r = json_first(releases); r; r = json_next(r), n++)
		if (version_parse(&e, json_string(r), &release) == 0 && version_is_of(v, &release))
			return n;
	return -1;
}

static bool same_up_to(const struct version *a, const struct version *b, int count)
{
	return memcmp(a->numbers, b->numbers, (size_t)count * sizeof(*a->numbers)) == 0;
}

static bool is_one_step(const struct rule *r, const struct version *from, const struct version *to)
{
	int here, there;

	switch (r->step) {
	case RULE_STEP_ANY:
		return true;
	case RULE_STEP_PATCH:
		return same_up_to(from, to, 2);
	case RULE_STEP_MINOR:
		return same_up_to(from, to, 1) && to->numbers[1] - from->numbers[1] <= 1;
	case RULE_STEP_MAJOR:
		return to->numbers[0] - from->numbers[0] <= 1;
	case RULE_STEP_RELEASE:
		here = place_in(r->releases, from);
		there = place_in(r->releases, to);
		return here >= 0 && there >= 0 && there - here <= 1;
	}
	return false;
}

static int check_step(struct err *e, const struct advance *a)
{
	static const char *const texts[] = { [RULE_STEP_PATCH] = "a patch of the same minor",
		                             [RULE_STEP_MINOR] = "one minor of the same major",
		                             [RULE_STEP_MAJOR] = "one major",
		                             [RULE_STEP_RELEASE] = "one release of its list" };
	struct version from, to;
	int order;

	if (a->rule->step == RULE_STEP_ANY)
		return 0;
	/* a step back is not measured: it was allowed, or we were not here */
	if (version_compare(e, a->version, a->running, &order) == 0 && order <= 0)
		return 0;
	if (version_parse(e, a->running, &from) < 0 || version_parse(e, a->version, &to) < 0)
		return err_wrap(e, "%s, key 'step'", a->rule->origin);
	if (is_one_step(a->rule, &from, &to))
		return 0;
	return err_set(e, ERR_REJECTED,
	               "%s is too far from %s, which runs here: %s, allows %s at once: go there by "
	               "way of a version between them",
	               a->version, a->running, a->rule->origin, texts[a->rule->step]);
}

/* ---- what needs a word ---- */

/* `what` is what would be done, as one clause. */
static int need_word(struct err *e, const struct advance *a, bool given, bool forbidden,
                     const char *word, const char *what, struct json *allowed)
{
	if (forbidden)
		return err_set(e, ERR_REJECTED, "%s: %s, forbids --allow-%s", what, a->rule->origin,
		               word);
	if (!given)
		return err_set(e, ERR_REJECTED, "%s (%s): give --allow-%s", what, a->rule->origin,
		               word);
	json_push(allowed, json_new_str(word));
	return 0;
}

/* *ret says why it is a step back from `from`; NULL: it is none. The caller frees. */
static void find_step_back(const struct advance *a, const char *from, const char *where, char **ret)
{
	struct err e;
	int order;

	*ret = NULL;
	if (version_compare(&e, a->version, from, &order) < 0)
		*ret = mem_printf("is it older than %s, %s? %s", from, where, e.msg);
	else if (order < 0)
		*ret = mem_printf("%s is older than %s, %s", a->version, from, where);
}

static int check_downgrade(struct err *e, const struct advance *a, bool same, struct json *allowed)
{
	CLEANUP(mem_freep) char *what = NULL;

	if (!same)
		find_step_back(a, a->running, "which runs here", &what);
	if (!same && !what && a->highest.version)
		find_step_back(a, a->highest.version, "which was committed here", &what);
	return !what ? 0
	             : need_word(e, a, a->allow_downgrade, a->rule->forbids_downgrade, "downgrade",
	                         what, allowed);
}

static bool is_same(const char *a, const char *b)
{
	struct err e;
	int order;

	return version_compare(&e, a, b, &order) == 0 ? order == 0 : version_same(a, b);
}

static const char *channel_here(const struct advance *a)
{
	const char *form = version_channel(a->running);

	if (a->highest.version && is_same(a->running, a->highest.version))
		return a->highest.channel;
	return form ? form : VERSION_CHANNEL_STABLE;
}

static int check_channel_change(struct err *e, const struct advance *a, struct json *allowed)
{
	const char *here = channel_here(a);
	CLEANUP(mem_freep) char *what = NULL;

	if (strcmp(here, a->channel) == 0)
		return 0;
	what = mem_printf("%s is of channel '%s', and %s, which runs here, of '%s'", a->version,
	                  a->channel, a->running, here);
	return need_word(e, a, a->allow_channel_change, a->rule->forbids_channel_change,
	                 "channel-change", what, allowed);
}

int advance_check(struct err *e, const struct advance *a, struct json *allowed)
{
	bool same;

	if (check_epoch(e, a) < 0)
		return -1;
	if (!a->version)
		return 0;
	if (check_channels(e, a) < 0 || check_minimum(e, a) < 0)
		return -1;
	if (!a->running)
		return 0;
	same = is_same(a->version, a->running);
	if (check_downgrade(e, a, same, allowed) < 0 || check_step(e, a) < 0)
		return -1;
	return check_channel_change(e, a, allowed);
}
