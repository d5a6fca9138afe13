/* SPDX-License-Identifier: MIT */
/*
 * probe: the staged program, run once before anything is replaced.
 *
 *	{"files": [{"temp": "/usr/sbin/.dockerd.nodelift-ID", "version": "26.1.5"}]}
 *
 * `TEMP --version` must end well and say that version.
 */
#include <string.h>

#include "base/mem.h"
#include "os/process.h"
#include "upgrade/run.h"
#include "upgrade/version.h"

#define PROBE_TIMEOUT_MS 20000

static int probe_one(struct err *e, const struct json *f)
{
	const char *temp = json_str(f, "temp"), *version = json_str(f, "version");
	const char *const argv[] = { temp, "--version", NULL };
	struct process p = { .argv = argv, .timeout_ms = PROBE_TIMEOUT_MS, .merge_stderr = true };
	CLEANUP(str_release) struct str out = { 0 };

	if (process_run(e, &p, &out) < 0)
		return err_wrap(e, "the new program does not run on this node");
	if (!out.s || !version_is_said(out.s, version))
		return err_set(e, ERR_REJECTED, "'%s --version' does not say '%s' but '%.*s'", temp,
		               version, out.s ? (int)strcspn(out.s, "\n") : 0, out.s ? out.s : "");
	return 0;
}

static int apply(struct err *e, const struct json *args, void *ctx)
{
	(void)ctx;
	for (const struct json *f = json_first(json_get(args, "files")); f; f = json_next(f))
		if (probe_one(e, f) < 0)
			return -1;
	return 0;
}

const struct step_kind step_probe = { .name = "probe", .apply = apply };
