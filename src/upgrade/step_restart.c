/* SPDX-License-Identifier: MIT */
/*
 * restart: the units start what is at their programs' paths now.
 *
 *	as in restart.h; "undo_timeout_ms": how long a bad engine may take to stop;
 *	"programs": [{"unit": "docker.service", "old": HEX}]  what each ran before
 *
 * Undo stops them unless all still, or again, run what they ran before: so a bad engine does no more
 * harm while the old files come back, and a good one is left alone. `baseline` starts the old one.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "host/systemd.h"
#include "upgrade/content.h"
#include "upgrade/restart.h"
#include "upgrade/run.h"

static int apply(struct err *e, const struct json *args, void *ctx)
{
	struct run *r = ctx;

	r->healthy_at = 0;
	return restart_units(e, args, &r->down_at);
}

/* Does the unit run this content? By the open program itself: its path means nothing now. */
static bool runs_content(const char *unit, const struct digest *want)
{
	struct digest have;
	char exe[64];
	struct unit u;
	struct err e;
	bool same;
	int fd;

	if (systemd_query(&e, &unit, 1, &u) < 0 || !u.main_pid)
		return false;
	snprintf(exe, sizeof(exe), "/proc/%d/exe", (int)u.main_pid);
	fd = open(exe, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	same = digest_of_fd(&e, fd, exe, &have) == 0 && digest_equal(&have, want);
	close(fd);
	return same;
}

static bool all_run_old(const struct json *args)
{
	struct digest old;
	struct err e;

	for (const struct json *p = json_first(json_get(args, "programs")); p; p = json_next(p))
		if (content_wanted(&e, p, "old", &old) < 0 ||
		    !runs_content(json_str(p, "unit"), &old))
			return false;
	return true;
}

static int undo(struct err *e, const struct json *args, void *ctx)
{
	struct run *r = ctx;

	if (r->offline || all_run_old(args))
		return 0;
	/* Not to be stopped is no reason to leave the files as they are: the baseline decides. */
	if (restart_stop(e, args, json_int(args, "undo_timeout_ms", 0)) < 0)
		log_warn("%s", e->msg);
	return 0;
}

const struct step_kind step_restart = {
	.name = "restart", .disturbs = true, .apply = apply, .undo = undo
};
