/* SPDX-License-Identifier: MIT */
/*
 * mkdir: directories that are missing, the outer ones first.
 *
 *	{"dirs": ["/opt/cni", "/opt/cni/bin"]}
 *
 * Undo removes those that are empty: what somebody else put there since stays.
 */
#include <errno.h>
#include <unistd.h>

#include "base/mem.h"
#include "os/file.h"
#include "upgrade/run.h"

static int apply(struct err *e, const struct json *args, void *ctx)
{
	(void)ctx;
	for (const struct json *d = json_first(json_get(args, "dirs")); d; d = json_next(d))
		if (file_mkdirs(e, json_string(d), 0755) < 0)
			return -1;
	return 0;
}

static int remove_from(struct err *e, const struct json *dir)
{
	const char *path;

	if (!dir)
		return 0;
	if (remove_from(e, json_next(dir)) < 0)
		return -1;
	path = json_string(dir);
	if (rmdir(path) < 0 && errno != ENOENT && errno != ENOTEMPTY && errno != EEXIST)
		return err_sys(e, "cannot remove directory '%s'", path);
	/* Also when it was gone already: who removed it may not have lived to sync that. */
	return file_sync_parent(e, path) < 0 && e->sys != ENOENT ? -1 : 0;
}

static int undo(struct err *e, const struct json *args, void *ctx)
{
	(void)ctx;
	return remove_from(e, json_first(json_get(args, "dirs")));
}

/*
 * rmdir: directories that the run before made are no longer wanted, once this one is committed.
 *
 *	{"dirs": as above}
 */
const struct step_kind step_rmdir = { .name = "rmdir", .settle = undo };

const struct step_kind step_mkdir = { .name = "mkdir", .apply = apply, .undo = undo };
