/* SPDX-License-Identifier: MIT */
#include "oci/credentials.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "oci/credential_helper.h"
#include "os/file.h"

#define HUB_SERVER \
	"https://index.docker.io/v1/" /* as docker login calls it when it tells a helper */
#define TOKEN_USER "<token>"

/* Docker Hub's key is a relic of its first API; both names of its API count as well. */
static const char *const hub_names[] = { "docker.io", "index.docker.io", "registry-1.docker.io" };

static char *default_file(void)
{
	const char *dir = getenv("DOCKER_CONFIG"), *home = getenv("HOME");

	if (dir && *dir)
		return mem_printf("%s/config.json", dir);
	return mem_printf("%s/.docker/config.json", home && *home ? home : "/root");
}

/* "https://index.docker.io/v1/" -> "index.docker.io"; "host/namespace" stays. */
static char *normal_key(const char *key)
{
	const char *scheme = strstr(key, "://");
	char *name = mem_dup(scheme ? scheme + 3 : key);
	size_t len = strlen(name);

	if (scheme)
		len = strcspn(name, "/");
	while (len && name[len - 1] == '/')
		len--;
	name[len] = '\0';
	if (str_ends(name, "/v1") || str_ends(name, "/v2"))
		name[len - 3] = '\0';
	return name;
}

static bool is_hub(const char *host)
{
	for (size_t i = 0; i < sizeof(hub_names) / sizeof(*hub_names); i++)
		if (strcmp(host, hub_names[i]) == 0)
			return true;
	return false;
}

/* How well a key fits: 0 not at all, longer is better. */
static size_t fits(const char *key, const struct reference *r)
{
	CLEANUP(mem_freep) char *name = normal_key(key);
	char *slash = strchr(name, '/');
	size_t len;

	if (slash)
		*slash++ = '\0';
	if (strcmp(name, r->host) != 0 && !(is_hub(r->host) && is_hub(name)))
		return 0;
	if (!slash)
		return 1;
	len = strlen(slash);
	if (strncmp(r->path, slash, len) != 0 || (r->path[len] != '/' && r->path[len] != '\0'))
		return 0;
	return 1 + len;
}

static const struct json *best_entry(const struct json *object, const struct reference *r)
{
	const struct json *best = NULL;
	size_t best_fit = 0;

	for (const struct json *v = json_is_object(object) ? json_first(object) : NULL; v;
	     v = json_next(v)) {
		size_t fit = fits(json_key(v), r);

		if (fit > best_fit) {
			best_fit = fit;
			best = v;
		}
	}
	return best;
}

static void wipe(char **secret)
{
	if (*secret)
		explicit_bzero(*secret, strlen(*secret));
	free(*secret);
	*secret = NULL;
}

static char *dup_nonempty(const char *s)
{
	return s && *s ? mem_dup(s) : NULL;
}

static int decode_auth(struct err *e, const char *auth, struct credentials *c)
{
	CLEANUP(str_wipe) struct str text = { 0 };
	char *colon;
	int failed = 0;

	if (!base64_decode(auth, &text) || !text.s || strlen(text.s) != text.len ||
	    !(colon = strchr(text.s, ':'))) {
		failed = err_set(e, ERR_USAGE, "%s: key 'auth' is not base64 of \"user:password\"",
		                 c->file);
	} else {
		*colon = '\0';
		c->username = mem_dup(text.s);
		c->password = mem_dup(colon + 1);
	}
	return failed;
}

static int read_config(struct err *e, const struct json *config, const char *const *helpers,
                       const struct reference *r, struct credentials *c)
{
	const struct json *entry = best_entry(json_get(config, "auths"), r);
	const struct json *helper = best_entry(json_get(config, "credHelpers"), r);
	const char *auth = json_str(entry, "auth"), *username = json_str(entry, "username");
	const char *store = helper ? json_string(helper) : json_str(config, "credsStore");

	if (store && *store) {
		const char *allowed = credential_helper_allowed(helpers, store);

		c->helper = mem_dup(store);
		c->program = allowed ? mem_dup(allowed) : NULL;
		c->server = mem_dup(is_hub(r->host) ? HUB_SERVER : r->host);
	}
	c->identity_token = dup_nonempty(json_str(entry, "identitytoken"));
	c->registry_token = dup_nonempty(json_str(entry, "registrytoken"));
	if (auth && *auth)
		return decode_auth(e, auth, c);
	if (username && *username) {
		c->username = mem_dup(username);
		c->password =
			mem_dup(json_str(entry, "password") ? json_str(entry, "password") : "");
	}
	return 0;
}

static int read_file(struct err *e, const char *const *helpers, const struct reference *r,
                     struct credentials *c)
{
	struct json *config = NULL;
	CLEANUP(str_wipe) struct str text = { 0 };
	int failed;

	if (file_read(e, c->file, CREDENTIALS_FILE_MAX, &text) < 0) {
		e->code = ERR_USAGE;
		return -1;
	}
	failed = json_parse(e, ERR_USAGE, c->file, text.len ? text.s : "{}",
	                    text.len ? text.len : 2, &config);
	if (failed == 0)
		failed = read_config(e, config, helpers, r, c);
	json_wipe(config);
	json_free(config);
	return failed;
}

int credentials_find(struct err *e, const char *config_file, const char *const *helpers,
                     const struct reference *r, struct credentials *ret)
{
	struct credentials c = { .file = config_file ? mem_dup(config_file) : default_file() };

	if (read_file(e, helpers, r, &c) < 0) {
		bool absent = !config_file && (e->sys == ENOENT || e->sys == ENOTDIR);

		if (!absent) {
			credentials_release(&c);
			return -1;
		}
	}
	*ret = c;
	return 0;
}

int credentials_ask_helper(struct err *e, struct credentials *c)
{
	struct secret s = { 0 };

	if (!c->program || c->asked)
		return 0;
	c->asked = true;
	if (credential_helper_get(e, c->program, c->server, &s) < 0)
		return -1;
	if (!s.username)
		return 0;
	wipe(&c->username);
	wipe(&c->password);
	wipe(&c->identity_token);
	c->from_helper = true;
	if (strcmp(s.username, TOKEN_USER) == 0) {
		c->identity_token = STEAL(s.password);
	} else {
		c->username = STEAL(s.username);
		c->password = STEAL(s.password);
	}
	secret_release(&s);
	return 0;
}

bool credentials_none(const struct credentials *c)
{
	return !c->username && !c->identity_token && !c->registry_token;
}

void credentials_release(struct credentials *c)
{
	free(c->file);
	free(c->username);
	free(c->helper);
	free(c->program);
	free(c->server);
	wipe(&c->password);
	wipe(&c->identity_token);
	wipe(&c->registry_token);
	*c = (struct credentials){ 0 };
}
