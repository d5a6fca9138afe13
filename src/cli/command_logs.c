/* SPDX-License-Identifier: MIT */
/* logs: what the last run told, on stdout, also while it goes on. */
#include <stdio.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/cli.h"
#include "cli/report.h"
#include "upgrade/follow.h"

static void print(enum event_kind kind, const char *stage, const char *message,
                  const struct json *event, void *ctx)
{
	const struct cli *c = ctx;
	const char *time = json_str(event, "time");
	CLEANUP(mem_freep) char *text = report_printable(message);

	if (c->json)
		report_document(c, event);
	else
		dprintf(STDOUT_FILENO, "%s %-8s %s%s\n", time ? time : "-", stage,
		        kind == EVENT_WARNING ? "warning: " : "", text);
}

int command_logs(struct err *e, struct cli *c)
{
	CLEANUP(events_release) struct events events;
	CLEANUP(mem_freep) char *id = NULL;
	CLEANUP(json_freep) struct json *result = NULL;
	struct follow f = { .settings = &c->settings,
		            .events = &events,
		            .interrupted = interrupt_reason,
		            .timeout_ms = c->follow ? -1 : 0 };

	events_init(&events);
	events.listen = print;
	events.ctx = c;
	if (settings_read(e, &c->settings) < 0 || follow_last(e, &c->settings, &id) < 0)
		return -1;
	/* That it goes on, or was cut off, is no failure of showing what it told. */
	if (follow_run(e, &f, id, &result) < 0 && e->code != ERR_DETACHED &&
	    e->code != ERR_BROKEN && e->code != ERR_RETRY)
		return -1;
	return 0;
}
