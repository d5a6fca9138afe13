/* SPDX-License-Identifier: MIT */
#include "cli/perform.h"

#include "base/mem.h"
#include "cli/report.h"

int perform(struct err *e, struct cli *c, const char *name,
            int (*work)(struct err *e, struct job *j, struct cli *c))
{
	CLEANUP(events_release) struct events events;
	CLEANUP(job_close) struct job job = { .lock = -1 };
	struct job_options o = {
		.command = name,
		.interrupted = interrupt_reason,
		.at_boot = c->at_boot,
		.on_node = command_find(name)->options & OPTIONS_NODE,
		.image = c->argument,
	};
	int failed;

	events_init(&events);
	report_listen(&events, c);
	failed = settings_read(e, &c->settings) < 0 ||
	         job_open(e, &c->settings, &events, &o, &job) < 0 || work(e, &job, c) < 0;
	job_conclude(&job, failed ? e : NULL);
	report_result(c, job.result);
	return failed ? -1 : 0;
}
