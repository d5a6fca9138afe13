/* SPDX-License-Identifier: MIT */
#include "oci/claims.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/str.h"

#define PREFIX "nodelift."
#define DIGITS "0123456789"
#define CHANNEL_CHARS DIGITS "abcdefghijklmnopqrstuvwxyz._-"
#define VERSION_CHARS CHANNEL_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZ+~"
#define EPOCH_DIGITS 16
#define EPOCH_MAX (1LL << 53)
#define DATE_LEN 19 /* 2027-01-31T00:00:00 */

void claims_init(struct claims *c)
{
	*c = (struct claims){ .epoch = -1, .expires = -1 };
}

void claims_release(struct claims *c)
{
	free(c->version);
	free(c->channel);
	claims_init(c);
}

/* ---- each of them; false: malformed ---- */

static bool take_text(const char *text, const char *allowed, char **ret)
{
	size_t len = strlen(text);

	if (len == 0 || len > CLAIMS_TEXT_MAX || strspn(text, allowed) != len)
		return false;
	*ret = mem_dup(text);
	return true;
}

static bool take_version(const char *text, struct claims *c)
{
	return take_text(text, VERSION_CHARS, &c->version);
}

static bool take_channel(const char *text, struct claims *c)
{
	return take_text(text, CHANNEL_CHARS, &c->channel);
}

static bool take_epoch(const char *text, struct claims *c)
{
	size_t len = strlen(text);

	if (len == 0 || len > EPOCH_DIGITS || strspn(text, DIGITS) != len)
		return false;
	c->epoch = strtoll(text, NULL, 10);
	return c->epoch <= EPOCH_MAX;
}

/* RFC 3339, section 5.6, in UTC; a fraction of a second is cut off. */
static bool take_expires(const char *text, struct claims *c)
{
	char again[CLAIMS_TIME_MAX];
	const char *rest;
	struct tm tm = { 0 };

	if (strlen(text) <= DATE_LEN || strspn(text, DIGITS) != 4)
		return false;
	rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	if (rest != text + DATE_LEN)
		return false;
	if (*rest == '.' && strspn(rest + 1, DIGITS))
		rest += 1 + strspn(rest + 1, DIGITS);
	c->expires = timegm(&tm);
	if (strcmp(rest, "Z") != 0 || c->expires < 0)
		return false;
	/* what is no date (the 31st of February) does not come back as it was */
	claims_time(c->expires, again);
	return strncmp(again, text, DATE_LEN) == 0;
}

static const struct {
	const char *name;
	bool (*take)(const char *text, struct claims *c);
	const char *shape;
} kinds[] = {
	{ PREFIX "version", take_version, "a version" },
	{ PREFIX "channel", take_channel, "a channel, such as 'stable'" },
	{ PREFIX "epoch", take_epoch, "a whole number" },
	{ PREFIX "expires", take_expires, "a time in UTC, such as '2027-01-31T00:00:00Z'" },
};

static int take(struct err *e, const char *name, const struct json *v, struct claims *c)
{
	const char *key = json_key(v), *text = json_string(v);

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (strcmp(key, kinds[i].name) != 0)
			continue;
		if (text && kinds[i].take(text, c))
			return 0;
		return err_set(e, ERR_REJECTED, "%s: '%s' is '%.100s', not %s", name, key,
		               text ? text : "no text", kinds[i].shape);
	}
	return err_set(e, ERR_REJECTED, "%s: '%.100s' is not known", name, key);
}

int claims_read(struct err *e, const char *name, const struct json *object, const char *key,
                struct claims *ret)
{
	const struct json_reader r = { ERR_REJECTED, name };
	const struct json *list;
	struct err none;

	claims_init(ret);
	if (json_need(&none, &r, object, key, &list) < 0)
		return 0;
	if (json_need_object(e, &r, object, key, &list) < 0)
		return -1;
	for (const struct json *v = json_first(list); v; v = json_next(v)) {
		if (!str_starts(json_key(v), PREFIX))
			continue;
		if (take(e, name, v, ret) < 0) {
			claims_release(ret);
			return -1;
		}
	}
	return 0;
}

/* ---- several ---- */

static int join_text(struct err *e, const char *name, char **to, char **from)
{
	if (*to && *from && strcmp(*to, *from) != 0)
		return err_set(e, ERR_REJECTED, "its " PREFIX "%s is '%s' and '%s'", name, *to,
		               *from);
	if (!*to)
		*to = STEAL(*from);
	return 0;
}

int claims_join(struct err *e, struct claims *c, struct claims *more)
{
	if (join_text(e, "version", &c->version, &more->version) < 0 ||
	    join_text(e, "channel", &c->channel, &more->channel) < 0)
		return -1;
	if (c->epoch >= 0 && more->epoch >= 0 && c->epoch != more->epoch)
		return err_set(e, ERR_REJECTED,
		               "its " PREFIX "epoch is '%" PRId64 "' and '%" PRId64 "'", c->epoch,
		               more->epoch);
	if (c->epoch < 0)
		c->epoch = more->epoch;
	if (c->expires < 0 || (more->expires >= 0 && more->expires < c->expires))
		c->expires = more->expires;
	return 0;
}

bool claims_expired(const struct claims *c, int64_t now)
{
	return c->expires >= 0 && now >= c->expires;
}

void claims_time(int64_t seconds, char ret[CLAIMS_TIME_MAX])
{
	time_t t = (time_t)seconds;
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(ret, CLAIMS_TIME_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm);
}
