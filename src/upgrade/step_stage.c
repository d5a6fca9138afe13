/* SPDX-License-Identifier: MIT */
/*
 * stage: the new content, whole, durable and checked again, beside the file it will replace.
 *
 *	{"files": [{"temp": "/usr/sbin/.dockerd.nodelift-ID", "sha256": HEX, "size": BYTES,
 *	            "like": "/usr/sbin/dockerd",  owner, mode and attributes are those of this file
 *	            "old": HEX,                   and this is its content
 *	            "mode": 493}]}                where there is no file to be like
 *
 * After the swap the old content is at "temp": undo leaves it alone.
 */
#include <errno.h>

#include "base/log.h"
#include "os/file.h"
#include "upgrade/content.h"
#include "upgrade/install.h"
#include "upgrade/run.h"

static int apply(struct err *e, const struct json *args, void *ctx)
{
	struct run *r = ctx;

	for (const struct json *f = json_first(json_get(args, "files")); f; f = json_next(f)) {
		const char *why = run_interrupted(r);
		struct digest want;

		if (why)
			return err_set(e, ERR_RETRY, "%s", why);
		if (content_wanted(e, f, "sha256", &want) < 0)
			return -1;
		if (install_file(e, r->store, &want, json_str(f, "temp"), json_str(f, "like"),
		                 (unsigned)json_int(f, "mode", 0755)) < 0)
			return err_wrap(e, "stage");
	}
	return 0;
}

/* Removes what stage wrote, whole or in part, but nothing that a swap could have put there. */
static int undo_one(struct err *e, const struct json *f)
{
	const char *temp = json_str(f, "temp"), *like = json_str(f, "like");
	struct digest want, old, at_temp, at_path = { 0 };

	if (content_wanted(e, f, "sha256", &want) < 0 || content_wanted(e, f, "old", &old) < 0 ||
	    content_found(e, temp, &at_temp) < 0 || (like && content_found(e, like, &at_path) < 0))
		return -1;
	if (at_temp.algorithm != DIGEST_NONE && !digest_equal(&at_temp, &want) &&
	    !digest_equal(&at_path, &old)) {
		if (digest_equal(&at_temp, &old))
			return err_set(e, ERR_BROKEN, "'%s' holds the old content still", temp);
		log_warn("'%s' is not what was staged: it is left as it is", temp);
		return 0;
	}
	if (file_remove(e, temp) < 0)
		return -1;
	/* Also when it was gone already: who removed it may not have lived to sync that. */
	return file_sync_parent(e, temp) < 0 && e->sys != ENOENT ? -1 : 0;
}

static int undo(struct err *e, const struct json *args, void *ctx)
{
	(void)ctx;
	for (const struct json *f = json_first(json_get(args, "files")); f; f = json_next(f))
		if (undo_one(e, f) < 0)
			return -1;
	return 0;
}

const struct step_kind step_stage = { .name = "stage", .apply = apply, .undo = undo };
