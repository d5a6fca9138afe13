/* SPDX-License-Identifier: MIT */
#include "net/url.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

#define HTTP "http://"
#define HTTPS "https://"
#define DIGITS "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define HOST_CHARS LETTERS DIGITS ".-_"
#define IPV6_CHARS "abcdefABCDEF" DIGITS ":."

static int bad(struct err *e, const char *text)
{
	err_set(e, ERR_RETRY, "'%.200s' is not an address that is followed", text);
	return -1;
}

static bool printable(const char *text)
{
	for (; *text; text++)
		if (*text <= ' ' || *text >= 0x7f || strchr("\\\"<>^`{|}", *text))
			return false;
	return true;
}

static bool parse_port(const char *text, size_t len, int *ret)
{
	*ret = 0;
	if (len < 1 || len > 5 || strspn(text, DIGITS) < len)
		return false;
	for (size_t i = 0; i < len; i++)
		*ret = 10 * *ret + (text[i] - '0');
	return *ret >= 1 && *ret <= 65535;
}

int url_parse(struct err *e, const char *text, struct url *ret)
{
	struct url u = { .https = strncasecmp(text, HTTPS, strlen(HTTPS)) == 0 };
	const char *at = text + strlen(u.https ? HTTPS : HTTP), *host = at, *end;
	size_t len;

	if (strlen(text) > URL_MAX || !printable(text) ||
	    (!u.https && strncasecmp(text, HTTP, strlen(HTTP)) != 0))
		return bad(e, text);
	if (*at == '[') {
		host++;
		len = strspn(host, IPV6_CHARS);
		if (host[len] != ']')
			return bad(e, text);
		at = host + len + 1;
	} else {
		len = strspn(host, HOST_CHARS);
		at = host + len;
	}
	if (len == 0)
		return bad(e, text);
	end = at + strcspn(at, "/?#");
	u.port = u.https ? 443 : 80;
	if (end > at && (*at != ':' || !parse_port(at + 1, (size_t)(end - at - 1), &u.port)))
		return bad(e, text);
	u.host = mem_ndup(host, len);
	for (char *p = u.host; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	len = strcspn(end, "#");
	u.rest = len ? mem_ndup(end, len) : mem_dup("/");
	*ret = u;
	return 0;
}

void url_release(struct url *u)
{
	free(u->host);
	free(u->rest);
	*u = (struct url){ 0 };
}

static char *join(const struct url *base, const char *location)
{
	size_t keep = strcspn(base->rest, "?");
	const char *six = strchr(base->host, ':') ? "[]" : "";

	if (*location == '/') {
		keep = 0;
	} else if (*location != '?') {
		while (keep && base->rest[keep - 1] != '/')
			keep--;
	}
	return mem_printf("%s%.1s%s%s:%d%.*s%s", base->https ? HTTPS : HTTP, six, base->host,
	                  *six ? six + 1 : "", base->port, (int)keep, base->rest, location);
}

int url_resolve(struct err *e, const char *base, const char *location, char **ret)
{
	CLEANUP(mem_freep) char *text = NULL;
	struct url from = { 0 }, to = { 0 };
	/* a scheme stands before the first of these characters or not at all */
	const char *colon = location + strcspn(location, ":/?#");

	if (url_parse(e, base, &from) < 0)
		return -1;
	if (*colon == ':')
		text = mem_dup(location);
	else if (str_starts(location, "//"))
		text = mem_printf("%s%s", from.https ? "https:" : "http:", location);
	else
		text = join(&from, location);
	url_release(&from);
	if (url_parse(e, text, &to) < 0)
		return -1;
	url_release(&to);
	*ret = STEAL(text);
	return 0;
}

bool url_same_origin(const struct url *a, const struct url *b)
{
	return a->https == b->https && a->port == b->port && strcmp(a->host, b->host) == 0;
}

bool url_is_loopback(const struct url *u)
{
	return strcmp(u->host, "localhost") == 0 || strcmp(u->host, "::1") == 0 ||
	       (str_starts(u->host, "127.") && strspn(u->host, DIGITS ".") == strlen(u->host));
}

void url_add_query(struct str *s, const char *name, const char *value)
{
	str_addf(s, "%s%s=", s->len ? "&" : "", name);
	for (; *value; value++) {
		if (strchr(LETTERS DIGITS "-._~", *value))
			str_add(s, value, 1);
		else
			str_addf(s, "%%%02X", (unsigned char)*value);
	}
}
