/* SPDX-License-Identifier: MIT */
/*
 * guard: if the power goes from here on, the next boot recovers before an engine starts.
 *
 *	{"program": "/var/lib/nodelift/bin/nodelift",            a copy of this program
 *	 "unit": "/etc/systemd/system/nodelift-recover.service",
 *	 "link": "/etc/systemd/system/multi-user.target.wants/nodelift-recover.service",
 *	 "text": "[Unit]..."}                                    of the unit
 *
 * systemd reads these files when it boots: it needs no word of it now. The link comes last and goes
 * first, so that there is never a link to a unit that is not whole. A node whose image brings the
 * unit along has no such step.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "os/file.h"
#include "upgrade/run.h"
#include "upgrade/self.h"

static int apply(struct err *e, const struct json *args, void *ctx)
{
	const char *unit = json_str(args, "unit"), *link = json_str(args, "link");
	const char *text = json_str(args, "text");
	CLEANUP(mem_freep) char *wants = file_parent(link);

	(void)ctx;
	if (self_install(e, json_str(args, "program")) < 0 ||
	    file_replace(e, unit, text, strlen(text), 0644) < 0 || file_mkdirs(e, wants, 0755) < 0)
		return -1;
	if (symlink(unit, link) < 0 && errno != EEXIST)
		return err_sys(e, "cannot link '%s'", link);
	return file_sync_dir(e, wants);
}

static int remove_name(struct err *e, const char *path)
{
	if (file_remove(e, path) < 0)
		return -1;
	return file_sync_parent(e, path) < 0 && e->sys != ENOENT ? -1 : 0;
}

static int take_away(struct err *e, const struct json *args, void *ctx)
{
	CLEANUP(mem_freep) char *unit = mem_printf("%s.new", json_str(args, "unit"));
	CLEANUP(mem_freep) char *program = mem_printf("%s.new", json_str(args, "program"));

	(void)ctx;
	if (remove_name(e, json_str(args, "link")) < 0 || file_remove(e, unit) < 0 ||
	    remove_name(e, program) < 0)
		return -1;
	return remove_name(e, json_str(args, "unit"));
}

const struct step_kind step_guard = {
	.name = "guard", .apply = apply, .undo = take_away, .settle = take_away
};
