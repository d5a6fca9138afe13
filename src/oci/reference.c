/* SPDX-License-Identifier: MIT */
#include "oci/reference.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

#define DEFAULT_HOST "docker.io"
#define DEFAULT_NAMESPACE "library/"
#define DEFAULT_TAG "latest"
#define NAME_MAX_LEN 255 /* of host and path; distribution/reference: NameTotalLengthMax */
#define TAG_MAX_LEN 128
#define ID_LEN 64 /* a name of so many hex digits is an image ID, which no registry knows */

/* Grammars are for ASCII; <ctype.h> asks the locale. */
static bool lower(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool word(char c)
{
	return lower(c) || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool valid_port(const char *port, size_t len)
{
	int value = 0;

	if (len < 1 || len > 5 || strspn(port, "0123456789") < len)
		return false;
	for (size_t i = 0; i < len; i++)
		value = 10 * value + (port[i] - '0');
	return value >= 1 && value <= 65535;
}

/* domain-component ("." domain-component)*; a component neither begins nor ends with "-" */
static bool valid_domain(const char *host, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		bool first = i == 0 || host[i - 1] == '.';
		bool last = i + 1 == len || host[i + 1] == '.';

		if (!(word(host[i]) && host[i] != '_') &&
		    !((host[i] == '.' || host[i] == '-') && !first && !last))
			return false;
	}
	return len > 0;
}

/* A domain, an IPv4 address or an IPv6 address in brackets; then [":" port]. */
static bool valid_host(const char *host)
{
	size_t len = strcspn(host, ":");

	if (*host == '[') {
		len = 1 + strspn(host + 1, "0123456789abcdefABCDEF:.");
		if (len < 3 || host[len] != ']')
			return false;
		len++;
	} else if (!valid_domain(host, len)) {
		return false;
	}
	return host[len] == '\0' ||
	       (host[len] == ':' && valid_port(host + len + 1, strlen(host + len + 1)));
}

/* path-component: [a-z0-9]+ (separator [a-z0-9]+)*, separator: "." "_" "__" or any number of "-" */
static bool valid_path(const char *path)
{
	for (;;) {
		size_t n;

		if (!lower(*path))
			return false;
		while (lower(*path))
			path++;
		if (*path == '\0')
			return true;
		n = strspn(path, "-");
		if (n == 0)
			n = strncmp(path, "__", 2) == 0 ? 2 : 1;
		if (!strchr("-._/", *path))
			return false;
		path += n;
	}
}

static bool valid_tag(const char *tag)
{
	size_t n = 0;

	for (; tag[n]; n++)
		if (!word(tag[n]) && (n == 0 || (tag[n] != '.' && tag[n] != '-')))
			return false;
	return n >= 1 && n <= TAG_MAX_LEN;
}

static bool is_id(const char *name)
{
	return strlen(name) == ID_LEN && strspn(name, "0123456789abcdef") == ID_LEN;
}

/* Is what stands before the first '/' a host? As docker has it: "." or ":" in it, upper case, or
 * "localhost"; otherwise it is a namespace of Docker Hub. */
static bool names_host(const char *name, size_t len)
{
	if (len == strlen("localhost") && strncmp(name, "localhost", len) == 0)
		return true;
	for (size_t i = 0; i < len; i++)
		if (name[i] == '.' || name[i] == ':' || (name[i] >= 'A' && name[i] <= 'Z'))
			return true;
	return false;
}

static void split_name(const char *name, struct reference *r)
{
	const char *slash = strchr(name, '/');

	if (slash && names_host(name, (size_t)(slash - name))) {
		r->host = mem_ndup(name, (size_t)(slash - name));
		name = slash + 1;
		if (strcmp(r->host, "index.docker.io") == 0) {
			free(r->host);
			r->host = mem_dup(DEFAULT_HOST);
		}
	} else {
		r->host = mem_dup(DEFAULT_HOST);
	}
	if (strcmp(r->host, DEFAULT_HOST) == 0 && !strchr(name, '/'))
		r->path = mem_printf("%s%s", DEFAULT_NAMESPACE, name);
	else
		r->path = mem_dup(name);
}

static int check(struct err *e, const char *text, const char *name, const struct reference *r)
{
	if (strstr(text, "://"))
		return err_set(e, ERR_USAGE, "'%.200s' is not an image: leave out the scheme",
		               text);
	if (is_id(name))
		return err_set(e, ERR_USAGE, "'%.200s' is an image ID: a registry knows names only",
		               text);
	if (!valid_host(r->host))
		return err_set(e, ERR_USAGE, "'%.200s' is not an image: '%.100s' is not a host",
		               text, r->host);
	if (!valid_path(r->path))
		return err_set(
			e, ERR_USAGE,
			"'%.200s' is not an image: '%.100s' is not a name (lower-case letters and "
			"digits, separated by '/', '.', '_' or '-')",
			text, r->path);
	if (r->tag && !valid_tag(r->tag))
		return err_set(e, ERR_USAGE, "'%.200s' is not an image: '%.150s' is not a tag",
		               text, r->tag);
	if (strlen(r->host) + 1 + strlen(r->path) > NAME_MAX_LEN)
		return err_set(e, ERR_USAGE,
		               "'%.60s...' is not an image: longer than %d characters", text,
		               NAME_MAX_LEN);
	return 0;
}

int reference_parse(struct err *e, const char *text, struct reference *ret)
{
	CLEANUP(mem_freep) char *name = mem_dup(text);
	struct reference r = { 0 };
	char *at = strchr(name, '@'), *colon;

	if (at) {
		*at = '\0';
		if (digest_parse(e, at + 1, &r.digest) < 0) {
			e->code = ERR_USAGE;
			return err_wrap(e, "'%.200s' is not an image", text);
		}
	}
	/* The last colon stands before a tag unless a '/' follows: then it was the host's port. */
	colon = strrchr(name, ':');
	if (colon && !strchr(colon, '/')) {
		*colon = '\0';
		r.tag = mem_dup(colon + 1);
	} else if (!at) {
		r.tag = mem_dup(DEFAULT_TAG);
	}
	split_name(name, &r);
	if (check(e, text, name, &r) < 0) {
		reference_release(&r);
		return -1;
	}
	*ret = r;
	return 0;
}

void reference_release(struct reference *r)
{
	free(r->host);
	free(r->path);
	free(r->tag);
	*r = (struct reference){ 0 };
}

char *reference_format(const struct reference *r)
{
	char digest[DIGEST_TEXT_MAX] = "";

	if (r->digest.algorithm != DIGEST_NONE)
		digest_format(&r->digest, digest);
	return mem_printf("%s/%s%s%s%s%s", r->host, r->path, r->tag ? ":" : "",
	                  r->tag ? r->tag : "", *digest ? "@" : "", digest);
}
