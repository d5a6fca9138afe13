/* SPDX-License-Identifier: MIT */
#include "oci/endpoint.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "net/url.h"
#include "oci/daemon_json.h"
#include "oci/hosts_toml.h"
#include "oci/insecure.h"

#define HUB "docker.io"
#define HUB_API "registry-1.docker.io"
#define HTTP "http://"
#define HTTPS "https://"
#define API "/v2"

const char *endpoint_api_host(const char *host)
{
	return strcmp(host, HUB) == 0 ? HUB_API : host;
}

static void free_strings(char **list)
{
	for (char **s = list; s && *s; s++)
		free(*s);
	free(list);
}

void endpoints_release(struct endpoints *l)
{
	for (int i = 0; i < l->count; i++) {
		struct endpoint *p = &l->items[i];

		free(p->host);
		free(p->root);
		free(p->ns);
		free_strings(p->headers);
		if (p->authorization)
			explicit_bzero(p->authorization, strlen(p->authorization));
		free(p->authorization);
		free_strings(p->ca_files);
		free(p->client_cert);
		free(p->client_key);
		free(p->certs_dir);
	}
	l->count = 0;
}

/* ---- one endpoint ---- */

/* The path without slashes at its end, and with the API's. The caller frees. */
static char *api_path(const char *path, bool whole_path)
{
	size_t len = strlen(path);
	CLEANUP(mem_freep) char *text = NULL;

	while (len && path[len - 1] == '/')
		len--;
	text = mem_ndup(path, len);
	if (whole_path || str_ends(text, API))
		return STEAL(text);
	return mem_printf("%s" API, text);
}

struct endpoint *endpoint_add(struct err *e, struct endpoints *l, const char *address,
                              bool whole_path)
{
	CLEANUP(mem_freep) char *full = NULL;
	CLEANUP(mem_freep) char *path = NULL;
	struct url u = { 0 };
	const char *name;
	struct endpoint *p;

	full = str_starts(address, HTTP) || str_starts(address, HTTPS)
	               ? mem_dup(address)
	               : mem_printf(HTTPS "%s", address);
	if (strpbrk(full, "?#@") || url_parse(e, full, &u) < 0) {
		err_set(e, ERR_USAGE, "'%.200s' is not the address of a registry", address);
		return NULL;
	}
	path = api_path(u.rest, whole_path);
	name = strstr(full, "://") + strlen("://");
	if (l->count == ENDPOINTS_MAX) {
		err_set(e, ERR_USAGE, "more than %d hosts for one registry", ENDPOINTS_MAX);
		url_release(&u);
		return NULL;
	}
	p = &l->items[l->count++];
	*p = (struct endpoint){ .host = mem_ndup(name, strcspn(name, "/")),
		                .pull = true,
		                .resolve = true };
	p->root = mem_printf("%s%s%s", u.https ? HTTPS : HTTP, endpoint_api_host(p->host), path);
	url_release(&u);
	return p;
}

static char **dup_strings(char *const *list)
{
	char **copy = NULL;
	size_t n = 0;

	if (!list)
		return NULL;
	while (list[n])
		n++;
	copy = mem_alloc((n + 1) * sizeof(*copy));
	for (size_t i = 0; i < n; i++)
		copy[i] = mem_dup(list[i]);
	return copy;
}

int endpoint_add_fallback(struct err *e, struct endpoints *l, const struct endpoint *p)
{
	CLEANUP(mem_freep) char *address = mem_printf(HTTP "%s", p->root + strlen(HTTPS));
	struct endpoint *plain = endpoint_add(e, l, address, true);

	if (!plain)
		return -1;
	plain->origin = p->origin;
	plain->pull = p->pull;
	plain->resolve = p->resolve;
	plain->connect_ms = p->connect_ms;
	plain->ns = p->ns ? mem_dup(p->ns) : NULL;
	plain->headers = dup_strings(p->headers);
	plain->authorization = p->authorization ? mem_dup(p->authorization) : NULL;
	plain->fallback = true;
	return 0;
}

/* ---- all of a registry ---- */

static bool is_loopback(const char *host)
{
	CLEANUP(mem_freep) char *text = mem_printf(HTTPS "%s", host);
	struct url u = { 0 };
	struct err ignored;
	bool loopback;

	if (url_parse(&ignored, text, &u) < 0)
		return false;
	loopback = url_is_loopback(&u);
	url_release(&u);
	return loopback;
}

/* What the reference names, with nothing else said about it. */
static int add_origin(struct err *e, const struct endpoint_options *o, const struct insecure *list,
                      const char *host, char *certs_dir, struct endpoints *ret)
{
	bool insecure = insecure_has(list, host);
	CLEANUP(mem_freep)
	char *address = mem_printf("%s%s", o->plain_http ? HTTP : HTTPS, host);
	struct endpoint *p;

	if (o->plain_http && !insecure && !is_loopback(host)) {
		free(certs_dir);
		return err_set(
			e, ERR_USAGE,
			"registry '%s' is not on this machine: plain HTTP is not allowed, unless "
			"'insecure_registries' of config.json names it",
			host);
	}
	p = endpoint_add(e, ret, address, false);
	if (!p) {
		free(certs_dir);
		return -1;
	}
	p->origin = true;
	p->certs_dir = certs_dir;
	p->unverified = insecure && !o->plain_http;
	return p->unverified ? endpoint_add_fallback(e, ret, p) : 0;
}

static int add_mirrors(struct err *e, const struct endpoint_options *o, const struct daemon_json *d,
                       const struct insecure *list, struct endpoints *ret)
{
	for (int i = 0; i < d->mirror_count; i++) {
		struct endpoint *p = endpoint_add(e, ret, d->mirrors[i], false);

		if (!p)
			return err_wrap(e, "%s: key 'registry-mirrors'", o->daemon_file);
		p->unverified = str_starts(p->root, HTTPS) && insecure_has(list, p->host);
	}
	return 0;
}

static int add_insecure(struct err *e, const struct endpoint_options *o, struct insecure *list)
{
	for (const char *const *s = o->insecure; s && *s; s++)
		if (insecure_add(e, list, *s) < 0)
			return -1;
	return 0;
}

int endpoints_find(struct err *e, const struct endpoint_options *o, const char *host,
                   struct endpoints *ret)
{
	CLEANUP(daemon_json_release) struct daemon_json d = { 0 };
	CLEANUP(insecure_release) struct insecure insecure = { 0 };
	struct hosts_toml found = { 0 };
	int failed;

	*ret = (struct endpoints){ 0 };
	failed = o->hosts_dir && hosts_toml_read(e, o->hosts_dir, host, ret, &found) < 0;
	if (!failed && !found.server) {
		failed = add_insecure(e, o, &insecure) < 0 ||
		         (o->daemon_file &&
		          daemon_json_read(e, o->daemon_file, &d, &insecure) < 0) ||
		         (!found.file && strcmp(host, HUB) == 0 &&
		          add_mirrors(e, o, &d, &insecure, ret) < 0);
		if (failed)
			free(found.certs_dir);
		else
			failed = add_origin(e, o, &insecure, host, found.certs_dir, ret) < 0;
	}
	if (failed)
		endpoints_release(ret);
	return failed ? -1 : 0;
}
