/* SPDX-License-Identifier: MIT */
/* wait: takes no lock, and returns what the run returned. */
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/report.h"
#include "upgrade/follow.h"

int command_wait(struct err *e, struct cli *c)
{
	CLEANUP(events_release) struct events events;
	CLEANUP(mem_freep) char *id = NULL;
	CLEANUP(json_freep) struct json *result = NULL;
	struct follow f = { .settings = &c->settings,
		            .events = &events,
		            .interrupted = interrupt_reason,
		            .timeout_ms = c->timeout_ms };

	events_init(&events);
	if (settings_read(e, &c->settings) < 0 || follow_last(e, &c->settings, &id) < 0 ||
	    follow_run(e, &f, id, &result) < 0)
		return -1;
	report_result(c, result);
	return follow_verdict(e, result);
}
