/* SPDX-License-Identifier: MIT */
#include "upgrade/settings.h"

#include <errno.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "codec/json.h"
#include "oci/credential_helper.h"
#include "oci/insecure.h"
#include "oci/signature.h"
#include "os/file.h"

#define CONFIG_MAX (1024 * 1024)

void settings_init(struct settings *s)
{
	*s = (struct settings){
		.state_dir = "/var/lib/nodelift",
		.config_dir = "/etc/nodelift",
		.signature_formats = SIGNATURE_ANY,
		.health_timeout_ms = -1,
		.soak_ms = -1,
	};
}

static int take_string(struct err *e, const struct json_reader *r, const struct json *doc,
                       const char *key, const char **ret)
{
	return json_get(doc, key) ? json_need_str(e, r, doc, key, ret) : 0;
}

static int take_seconds(struct err *e, const struct json_reader *r, const struct json *doc,
                        const char *key, int64_t *ret_ms)
{
	int64_t seconds;

	if (!json_get(doc, key))
		return 0;
	if (json_need_int(e, r, doc, key, &seconds) < 0)
		return -1;
	if (seconds > SETTINGS_SECONDS_MAX)
		return err_set(e, r->code, "%s: key '%s' must be at most %d", r->name, key,
		               SETTINGS_SECONDS_MAX);
	*ret_ms = seconds * 1000;
	return 0;
}

static int take_format(struct err *e, const char *text, void *ctx)
{
	enum signature_format f;

	if (!signature_format_parse(text, &f))
		return err_set(e, ERR_USAGE, "'%.100s' is neither \"classic\" nor \"bundle\"",
		               text);
	*(unsigned *)ctx |= f;
	return 0;
}

static int take_formats(struct err *e, const struct json_reader *r, const struct json *doc,
                        const char *key, unsigned *ret)
{
	unsigned formats = 0;

	if (!json_get(doc, key))
		return 0;
	if (json_each_str(e, r, doc, key, take_format, &formats) < 0)
		return -1;
	*ret = formats;
	if (formats)
		return 0;
	return err_set(e, r->code, "%s: key '%s' must name at least one format", r->name, key);
}

/* NULL-terminated. */
struct strings {
	const char **items;
	int count;
};

static void add_string(struct strings *l, const char *text)
{
	l->items = mem_grow(l->items, (size_t)l->count + 2, sizeof(*l->items));
	l->items[l->count++] = text;
	l->items[l->count] = NULL;
}

static int take_helper(struct err *e, const char *text, void *ctx)
{
	if (!credential_helper_valid(text))
		return err_set(e, ERR_USAGE,
		               "'%.100s' is not a name as \"ecr-login\" or an absolute path that "
		               "ends in /" CREDENTIAL_HELPER_PREFIX "NAME",
		               text);
	add_string(ctx, text);
	return 0;
}

static int take_insecure(struct err *e, const char *text, void *ctx)
{
	CLEANUP(insecure_release) struct insecure ignored = { 0 };

	if (insecure_add(e, &ignored, text) < 0)
		return -1;
	add_string(ctx, text);
	return 0;
}

static int take_strings(struct err *e, const struct json_reader *r, const struct json *doc,
                        const char *key, int (*take)(struct err *e, const char *text, void *ctx),
                        const char ***ret)
{
	struct strings l = { 0 };
	int failed = json_each_str(e, r, doc, key, take, &l);

	*ret = l.items;
	return failed;
}

int settings_read(struct err *e, struct settings *s)
{
	static const char *const keys[] = {
		"ca_file",           "credential_helpers",     "docker_config",
		"engine_socket",     "health_timeout_seconds", "insecure_registries",
		"signature_formats", "soak_seconds",           NULL
	};
	CLEANUP(mem_freep) char *path = mem_printf("%s/config.json", s->config_dir);
	CLEANUP(str_release) struct str text = { 0 };
	struct json_reader r = { ERR_USAGE, path };
	struct json *doc;

	if (file_read(e, path, CONFIG_MAX, &text) < 0) {
		if (e->sys == ENOENT)
			return 0;
		e->code = ERR_USAGE;
		return -1;
	}
	if (json_parse(e, ERR_USAGE, path, text.s, text.len, &doc) < 0)
		return -1;
	s->owned = doc;
	if (!json_is_object(doc))
		return err_set(e, ERR_USAGE, "%s: must be an object", path);
	if (json_only(e, &r, doc, keys) < 0 ||
	    take_string(e, &r, doc, "ca_file", &s->ca_file) < 0 ||
	    take_strings(e, &r, doc, "credential_helpers", take_helper, &s->credential_helpers) <
	            0 ||
	    take_string(e, &r, doc, "docker_config", &s->docker_config) < 0 ||
	    take_string(e, &r, doc, "engine_socket", &s->socket) < 0 ||
	    take_strings(e, &r, doc, "insecure_registries", take_insecure,
	                 &s->insecure_registries) < 0 ||
	    take_formats(e, &r, doc, "signature_formats", &s->signature_formats) < 0 ||
	    take_seconds(e, &r, doc, "soak_seconds", &s->soak_ms) < 0 ||
	    take_seconds(e, &r, doc, "health_timeout_seconds", &s->health_timeout_ms) < 0)
		return -1;
	return 0;
}

void settings_release(struct settings *s)
{
	free(s->credential_helpers);
	free(s->insecure_registries);
	json_free(s->owned);
	s->credential_helpers = s->insecure_registries = NULL;
	s->owned = NULL;
}
