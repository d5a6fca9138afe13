/* SPDX-License-Identifier: MIT */
#include "oci/hosts_toml.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/str.h"
#include "codec/toml.h"
#include "os/file.h"

#define DEFAULT_DIR "_default"
#define DIAL_TIMEOUT_MAX_MS 600000
/* RFC 9110, 5.6.2 */
#define TOKEN_CHARS "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* What is being read. */
struct reading {
	struct json_reader r; /* its name is the file's */
	const char *dir;      /* in which the file is */
	const char *host;     /* as in the reference */
	struct endpoints *to;
};

/* ---- where it is ---- */

/* "host:5000" -> "host_5000_"; NULL without a port. The caller frees. */
static char *underscored(const char *host)
{
	const char *colon = strrchr(host, ':');

	if (!colon || strchr(colon, ']'))
		return NULL;
	return mem_printf("%.*s_%s_", (int)(colon - host), host, colon + 1);
}

/* NULL: none. The caller frees. */
static char *find_dir(const char *dir, const char *host)
{
	CLEANUP(mem_freep) char *other = underscored(host);
	const char *const names[] = { other ? other : host, host, DEFAULT_DIR };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		CLEANUP(mem_freep) char *path = mem_printf("%s/%s", dir, names[i]);

		if (file_exists(path))
			return STEAL(path);
	}
	return NULL;
}

/* ---- values ---- */

static int wrong(struct err *e, const struct reading *g, const char *key, const char *must)
{
	return err_set(e, g->r.code, "%s: key '%s' must be %s", g->r.name, key, must);
}

static int take_bool(struct err *e, const struct reading *g, const struct json *table,
                     const char *key, bool *ret)
{
	const struct json *v = json_get(table, key);

	if (v && !json_is_bool(v))
		return wrong(e, g, key, "true or false");
	*ret = json_bool(table, key, false);
	return 0;
}

static char *absolute(const struct reading *g, const char *path)
{
	return *path == '/' ? mem_dup(path) : mem_printf("%s/%s", g->dir, path);
}

static int take_capabilities(struct err *e, const struct reading *g, const struct json *table,
                             struct endpoint *p)
{
	static const char key[] = "capabilities";
	const struct json *list = json_get(table, key);

	if (!list || (json_is_array(list) && !json_length(list)))
		return 0;
	if (!json_is_array(list))
		return wrong(e, g, key, "an array");
	p->pull = p->resolve = false;
	for (const struct json *v = json_first(list); v; v = json_next(v)) {
		const char *name = json_string(v);

		if (name && strcasecmp(name, "pull") == 0)
			p->pull = true;
		else if (name && strcasecmp(name, "resolve") == 0)
			p->resolve = true;
		else if (!name || strcasecmp(name, "push") != 0)
			return wrong(e, g, key, "of \"pull\", \"resolve\" and \"push\"");
	}
	return 0;
}

static int take_ca(struct err *e, const struct reading *g, const struct json *table,
                   struct endpoint *p)
{
	const struct json *ca = json_get(table, "ca"), *v;
	size_t n = 0;

	if (!ca)
		return 0;
	if (!json_is_array(ca) && !json_string(ca))
		return wrong(e, g, "ca", "a path or an array of paths");
	v = json_is_array(ca) ? json_first(ca) : ca;
	p->ca_files = mem_alloc(((size_t)json_length(ca) + 2) * sizeof(*p->ca_files));
	for (; v; v = json_is_array(ca) ? json_next(v) : NULL) {
		if (!json_string(v))
			return wrong(e, g, "ca", "a path or an array of paths");
		p->ca_files[n++] = absolute(g, json_string(v));
	}
	return 0;
}

/* "FILE", or ["FILE", "KEY"] with an empty KEY for one that is in FILE as well */
static int take_pair(struct err *e, const struct reading *g, const struct json *v,
                     struct endpoint *p)
{
	static const char must[] = "a path, or an array of paths or pairs of paths";
	const struct json *first = v;
	const char *cert, *key;

	if (json_is_array(v)) {
		if (json_length(v) != 2)
			return wrong(e, g, "client", must);
		first = json_first(v);
		v = json_next(first);
	}
	cert = json_string(first);
	key = json_string(v);
	if (!cert || !*cert || !key)
		return wrong(e, g, "client", must);
	p->client_cert = absolute(g, cert);
	p->client_key = absolute(g, *key ? key : cert);
	return 0;
}

static int take_client(struct err *e, const struct reading *g, const struct json *table,
                       struct endpoint *p)
{
	const struct json *client = json_get(table, "client");

	if (!client)
		return 0;
	if (!json_is_array(client))
		return take_pair(e, g, client, p);
	if (json_length(client) != 1)
		return wrong(e, g, "client", "one certificate");
	return take_pair(e, g, json_first(client), p);
}

/* Go's durations, as far as one waits for a connection: "1m30s", "500ms". */
static bool parse_duration(const char *text, int *ret_ms)
{
	static const struct {
		const char *name;
		int ms;
	} units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60000 } };
	int64_t sum = 0;

	for (const char *p = text; *p;) {
		char *unit;
		int64_t n = strtoll(p, &unit, 10);
		size_t i = 0;

		if (strspn(p, "0123456789") != (size_t)(unit - p) || unit == p || unit - p > 6)
			return false;
		while (i < 3 && !str_starts(unit, units[i].name))
			i++;
		if (i == 3)
			return false;
		sum += n * units[i].ms;
		p = unit + strlen(units[i].name);
	}
	*ret_ms = (int)sum;
	return sum > 0 && sum <= DIAL_TIMEOUT_MAX_MS;
}

static int take_timeout(struct err *e, const struct reading *g, const struct json *table,
                        struct endpoint *p)
{
	const struct json *v = json_get(table, "dial_timeout");

	if (!v || (json_string(v) && parse_duration(json_string(v), &p->connect_ms)))
		return 0;
	return wrong(e, g, "dial_timeout", "a time like \"5s\", at most \"10m\"");
}

/* ---- headers ---- */

static bool fit_for_header(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return false;
	return true;
}

static int add_header(struct err *e, const struct reading *g, const char *name,
                      const struct json *v, struct endpoint *p, size_t *n)
{
	const char *value = json_string(v);

	if (!*name || strspn(name, TOKEN_CHARS) != strlen(name) || !value || !fit_for_header(value))
		return wrong(e, g, "header", "names with one line of text, or with arrays of them");
	if (strcasecmp(name, "Authorization") == 0) {
		free(p->authorization);
		p->authorization = mem_dup(value);
		return 0;
	}
	p->headers = mem_grow(p->headers, *n + 2, sizeof(*p->headers));
	p->headers[(*n)++] = mem_printf("%s: %s", name, value);
	p->headers[*n] = NULL;
	return 0;
}

static int take_headers(struct err *e, const struct reading *g, const struct json *table,
                        struct endpoint *p)
{
	const struct json *header = json_get(table, "header");
	size_t n = 0;

	if (header && !json_is_object(header))
		return wrong(e, g, "header", "a table");
	for (const struct json *v = header ? json_first(header) : NULL; v; v = json_next(v)) {
		const struct json *item = json_is_array(v) ? json_first(v) : v;

		for (; item; item = json_is_array(v) ? json_next(item) : NULL)
			if (add_header(e, g, json_key(v), item, p, &n) < 0)
				return -1;
	}
	return 0;
}

/* ---- hosts ---- */

static bool has_tls(const struct json *table)
{
	return json_get(table, "ca") || json_get(table, "client") || json_get(table, "skip_verify");
}

/* containerd, too, takes the TLS settings of an http:// address as a hint that it knows TLS. */
static bool is_ambiguous(const struct endpoint *p, const struct json *table)
{
	return str_starts(p->root, "http://") && has_tls(table) && !str_ends(p->host, ":80") &&
	       strchr(p->host, ':');
}

static int add_host(struct err *e, const struct reading *g, const char *address,
                    const struct json *table, bool server)
{
	const char *api = endpoint_api_host(g->host);
	struct endpoint *p;
	bool whole_path = false, ambiguous;

	if (take_bool(e, g, table, "override_path", &whole_path) < 0)
		return -1;
	p = endpoint_add(e, g->to, address, whole_path);
	if (!p)
		return err_wrap(e, "%s", g->r.name);
	ambiguous = is_ambiguous(p, table);
	if (ambiguous) {
		char *tls = mem_printf("https%s", p->root + strlen("http"));

		free(p->root);
		p->root = tls;
	}
	/* the origin under its own name is the origin, even when it stands among the mirrors */
	p->origin = server || strcasecmp(p->host, api) == 0 || strcasecmp(p->host, g->host) == 0;
	if (strcasecmp(p->host, api) != 0 && strcasecmp(p->host, g->host) != 0)
		p->ns = mem_dup(g->host);
	if (take_bool(e, g, table, "skip_verify", &p->unverified) < 0 ||
	    take_capabilities(e, g, table, p) < 0 || take_ca(e, g, table, p) < 0 ||
	    take_client(e, g, table, p) < 0 || take_timeout(e, g, table, p) < 0 ||
	    take_headers(e, g, table, p) < 0)
		return -1;
	return ambiguous ? endpoint_add_fallback(e, g->to, p) : 0;
}

static int add_hosts(struct err *e, const struct reading *g, const struct json *doc)
{
	static const char *const keys[] = { "capabilities",  "ca",
		                            "client",        "skip_verify",
		                            "override_path", "dial_timeout",
		                            "header",        NULL };
	const struct json *hosts = json_get(doc, "host");

	if (hosts && !json_is_object(hosts))
		return wrong(e, g, "host", "a table");
	for (const struct json *v = hosts ? json_first(hosts) : NULL; v; v = json_next(v)) {
		if (!json_is_object(v))
			return wrong(e, g, json_key(v), "a table");
		if (json_only(e, &g->r, v, keys) < 0 || add_host(e, g, json_key(v), v, false) < 0)
			return -1;
	}
	return 0;
}

/* Settings without a table are the server's, also when it is the one that the image names. */
static int add_server(struct err *e, const struct reading *g, const struct json *doc, bool *ret)
{
	const struct json *server = json_get(doc, "server");
	int members = json_length(doc) - (json_get(doc, "host") ? 1 : 0);

	if (server && (!json_string(server) || !*json_string(server)))
		return wrong(e, g, "server", "an address");
	*ret = members > 0;
	return *ret ? add_host(e, g, server ? json_string(server) : g->host, doc, true) : 0;
}

static int read_file(struct err *e, struct reading *g, const struct str *text, bool *ret_server)
{
	static const char *const keys[] = {
		"server",      "host",          "capabilities", "ca",     "client",
		"skip_verify", "override_path", "dial_timeout", "header", NULL
	};
	CLEANUP(json_freep) struct json *doc = NULL;

	if (toml_parse(e, g->r.code, g->r.name, text->len ? text->s : "", text->len, &doc) < 0 ||
	    json_only(e, &g->r, doc, keys) < 0 || add_hosts(e, g, doc) < 0)
		return -1;
	return add_server(e, g, doc, ret_server);
}

int hosts_toml_read(struct err *e, const char *dir, const char *host, struct endpoints *ret,
                    struct hosts_toml *ret_found)
{
	CLEANUP(mem_freep) char *own = find_dir(dir, host);
	CLEANUP(mem_freep) char *path = NULL;
	CLEANUP(str_release) struct str text = { 0 };
	struct reading g = { .dir = own, .host = host, .to = ret };

	if (!own)
		return 0;
	path = mem_printf("%s/hosts.toml", own);
	if (file_read(e, path, ENDPOINT_FILE_MAX, &text) < 0) {
		if (e->sys == ENOENT) {
			ret_found->certs_dir = STEAL(own);
			return 0;
		}
		e->code = ERR_USAGE;
		return -1;
	}
	g.r = (struct json_reader){ ERR_USAGE, path };
	ret_found->file = true;
	return read_file(e, &g, &text, &ret_found->server);
}
