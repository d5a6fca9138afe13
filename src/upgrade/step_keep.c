/* SPDX-License-Identifier: MIT */
/*
 * keep: the content that is about to be replaced goes into the store, where `rollback` finds it.
 *
 *	{"files": [{"path": "/usr/sbin/dockerd", "sha256": HEX}]}
 *
 * Nothing to undo: the store prunes what no run needs.
 */
#include "upgrade/content.h"
#include "upgrade/run.h"

static int apply(struct err *e, const struct json *args, void *ctx)
{
	struct run *r = ctx;

	for (const struct json *f = json_first(json_get(args, "files")); f; f = json_next(f)) {
		const char *path = json_str(f, "path");
		struct digest d;

		if (content_wanted(e, f, "sha256", &d) < 0)
			return -1;
		if (store_add_file(e, r->store, path, &d) < 0)
			return err_wrap(e, "keep '%s'", path);
	}
	return 0;
}

const struct step_kind step_keep = { .name = "keep", .apply = apply };
