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
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "os/attr.h"
#include "os/file.h"
#include "upgrade/content.h"
#include "upgrade/run.h"

static int fill(struct err *e, struct run *r, const struct json *f, const struct digest *d, int fd)
{
	const char *temp = json_str(f, "temp"), *like = json_str(f, "like");
	CLEANUP(mem_closep) int from = -1;

	if (store_read(e, r->store, d, &from) < 0 || file_copy(e, from, fd, temp) < 0)
		return -1;
	if (like ? attr_copy(e, like, fd, temp) < 0
	         : attr_set(e, fd, temp, (mode_t)json_int(f, "mode", 0755)) < 0)
		return -1;
	return file_sync(e, fd, temp);
}

static int stage_one(struct err *e, struct run *r, const struct json *f)
{
	const char *temp = json_str(f, "temp");
	struct digest want, have;
	int fd, failed;

	if (content_wanted(e, f, "sha256", &want) < 0)
		return -1;
	if (file_remove(e, temp) < 0 || file_create(e, temp, 0600, &fd) < 0)
		return -1;
	failed = fill(e, r, f, &want, fd) < 0;
	/* Closed before anybody runs it, and a failed close is a failed write. */
	if (close(fd) < 0 && !failed)
		return err_sys(e, "cannot write '%s'", temp);
	if (failed)
		return -1;
	if (digest_of_file(e, temp, &have) < 0)
		return -1;
	if (!digest_equal(&want, &have))
		return err_set(e, ERR_PRECHECK, "'%s' does not read back what was written", temp);
	return file_sync_parent(e, temp);
}

static int apply(struct err *e, const struct json *args, void *ctx)
{
	struct run *r = ctx;

	for (const struct json *f = json_first(json_get(args, "files")); f; f = json_next(f)) {
		const char *why = run_interrupted(r);

		if (why)
			return err_set(e, ERR_RETRY, "%s", why);
		if (stage_one(e, r, f) < 0)
			return err_wrap(e, "stage");
	}
	return 0;
}

static int undo(struct err *e, const struct json *args, void *ctx)
{
	(void)ctx;
	for (const struct json *f = json_first(json_get(args, "files")); f; f = json_next(f)) {
		const char *temp = json_str(f, "temp");
		struct digest old, have;

		if (content_wanted(e, f, "old", &old) < 0 || content_found(e, temp, &have) < 0)
			return -1;
		if (have.algorithm == DIGEST_NONE)
			continue;
		if (digest_equal(&old, &have))
			return err_set(e, ERR_BROKEN, "'%s' holds the old content still", temp);
		if (file_remove(e, temp) < 0 || file_sync_parent(e, temp) < 0)
			return -1;
	}
	return 0;
}

const struct step_kind step_stage = { .name = "stage", .apply = apply, .undo = undo };
