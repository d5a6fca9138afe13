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

static int take_mirror(struct err *e, const char *text, void *ctx)
{
	struct daemon_json *d = ctx;

	if (!str_starts(text, "http://") && !str_starts(text, "https://"))
		return err_set(e, ERR_USAGE, "'%.100s' begins with neither http:// nor https://",
		               text);
	d->mirrors = mem_grow(d->mirrors, (size_t)d->mirror_count + 1, sizeof(*d->mirrors));
	d->mirrors[d->mirror_count++] = mem_dup(text);
	return 0;
}

static int take_insecure(struct err *e, const char *text, void *ctx)
{
	return insecure_add(e, ctx, text);
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
	if (json_each_str(e, &r, doc, "registry-mirrors", take_mirror, ret) < 0)
		return -1;
	return json_each_str(e, &r, doc, "insecure-registries", take_insecure, list);
}

void daemon_json_release(struct daemon_json *d)
{
	for (int i = 0; i < d->mirror_count; i++)
		free(d->mirrors[i]);
	free(d->mirrors);
	*d = (struct daemon_json){ 0 };
}
