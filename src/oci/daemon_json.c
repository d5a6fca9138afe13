/* SPDX-License-Identifier: MIT */
#include "oci/daemon_json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "codec/json.h"
#include "os/file.h"

static int need_string(struct err *e, const struct json_reader *r, const char *key,
                       const struct json *item, const char **ret)
{
	*ret = json_string(item);
	if (*ret)
		return 0;
	return err_set(e, r->code, "%s: key '%s' must hold strings", r->name, key);
}

static int take_mirrors(struct err *e, const struct json_reader *r, const struct json *doc,
                        struct daemon_json *ret)
{
	static const char key[] = "registry-mirrors";
	const struct json *list;
	const char *text;

	if (!json_get(doc, key))
		return 0;
	if (json_need_array(e, r, doc, key, &list) < 0)
		return -1;
	for (const struct json *v = json_first(list); v; v = json_next(v)) {
		if (need_string(e, r, key, v, &text) < 0)
			return -1;
		if (!str_starts(text, "http://") && !str_starts(text, "https://"))
			return err_set(
				e, r->code,
				"%s: key '%s': '%.100s' begins with neither http:// nor https://",
				r->name, key, text);
		ret->mirrors = mem_grow(ret->mirrors, (size_t)ret->mirror_count + 1,
		                        sizeof(*ret->mirrors));
		ret->mirrors[ret->mirror_count++] = mem_dup(text);
	}
	return 0;
}

static int take_insecure(struct err *e, const struct json_reader *r, const struct json *doc,
                         struct insecure *ret)
{
	static const char key[] = "insecure-registries";
	const struct json *list;
	const char *text;

	if (!json_get(doc, key))
		return 0;
	if (json_need_array(e, r, doc, key, &list) < 0)
		return -1;
	for (const struct json *v = json_first(list); v; v = json_next(v)) {
		if (need_string(e, r, key, v, &text) < 0)
			return -1;
		if (insecure_add(e, ret, text) < 0)
			return err_wrap(e, "%s: key '%s'", r->name, key);
	}
	return 0;
}

int daemon_json_read(struct err *e, const char *file, struct daemon_json *ret,
                     struct insecure *list)
{
	CLEANUP(str_release) struct str text = { 0 };
	CLEANUP(json_freep) struct json *doc = NULL;
	struct json_reader r = { ERR_USAGE, file };

	if (file_read(e, file, ENDPOINT_FILE_MAX, &text) < 0) {
		if (e->sys == ENOENT || e->sys == ENOTDIR)
			return 0;
		e->code = ERR_USAGE;
		return -1;
	}
	if (!text.len || strspn(text.s, " \t\r\n") == text.len)
		return 0; /* good enough for Docker */
	if (json_parse(e, r.code, r.name, text.s, text.len, &doc) < 0)
		return -1;
	if (!json_is_object(doc))
		return err_set(e, r.code, "%s: must be an object", r.name);
	return take_mirrors(e, &r, doc, ret) < 0 || take_insecure(e, &r, doc, list) < 0 ? -1 : 0;
}

void daemon_json_release(struct daemon_json *d)
{
	for (int i = 0; i < d->mirror_count; i++)
		free(d->mirrors[i]);
	free(d->mirrors);
	*d = (struct daemon_json){ 0 };
}
