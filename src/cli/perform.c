/* SPDX-License-Identifier: MIT */
#include "cli/perform.h"

#include "base/mem.h"
#include "cli/report.h"
#include "upgrade/follow.h"

/* Another run does just what was asked for, as after a connection that broke: its result is ours. */
static int attach(struct err *e, struct cli *c, struct events *v, const char *id, struct json **ret)
{
	struct follow f = { .settings = &c->settings,
		            .events = v,
		            .interrupted = interrupt_reason,
		            .timeout_ms = -1 };

	event_tell(v, EVENT_INFO, "attach", NULL,
	           "run %s does this already; what it told and tells:", id);
	if (follow_run(e, &f, id, ret) < 0)
		return -1;
	return follow_verdict(e, *ret);
}

/* The image as a run records it; NULL when there is none, or its name is none. What comes on standard
 * input is another one each time. */
static char *image_name(const struct cli *c)
{
	struct origin o = { 0 };
	char *name = NULL;
	struct err e;

	if (c->argument && origin_parse(&e, c->argument, c->as, &o) == 0 && o.kind != ORIGIN_STDIN)
		name = mem_dup(o.text);
	origin_release(&o);
	return name;
}

/* The last run was the same, has put the node back, and nobody was there to hear it: that is the
 * answer, and not a second try. */
static bool find_untold(struct cli *c, const char *name, struct json **ret)
{
	CLEANUP(mem_freep) char *image = image_name(c);
	CLEANUP(mem_freep) char *id = NULL;
	CLEANUP(json_freep) struct json *result = NULL;
	struct err e;

	if (follow_same(&e, &c->settings, name, image, &id, &result) < 0 || !id || !result ||
	    !follow_is_untold(&c->settings, id, result))
		return false;
	*ret = STEAL(result);
	return true;
}

static int busy(struct err *e, struct cli *c, const char *name, struct events *v, struct json **ret)
{
	CLEANUP(mem_freep) char *image = image_name(c);
	CLEANUP(mem_freep) char *id = NULL;
	CLEANUP(json_freep) struct json *result = NULL;
	struct err mine;

	if (follow_same(&mine, &c->settings, name, image, &id, &result) < 0 || !id || result)
		return -1;
	return attach(e, c, v, id, ret);
}

int perform(struct err *e, struct cli *c, const char *name,
            int (*work)(struct err *e, struct job *j, struct cli *c))
{
	CLEANUP(events_release) struct events events;
	CLEANUP(job_close) struct job job = { .lock = -1 };
	CLEANUP(json_freep) struct json *theirs = NULL; /* the result of another process */
	struct job_options o = {
		.command = name,
		.interrupted = interrupt_reason,
		.at_boot = c->at_boot,
		.on_node = command_find(name)->options & OPTIONS_NODE,
		.image = c->argument,
		.as = c->as,
		.recorded = command_find(name)->options & OPTIONS_RUN,
		.handed_over = c->handed_over,
	};
	int failed;

	events_init(&events);
	report_listen(&events, c);
	failed = settings_read(e, &c->settings) < 0;
	if (!failed && o.recorded && o.handed_over && find_untold(c, name, &theirs)) {
		failed = follow_verdict(e, theirs);
	} else if (!failed) {
		failed = job_open(e, &c->settings, &events, &o, &job) < 0;
		if (!failed)
			failed = work(e, &job, c);
		else if (o.recorded && e->code == ERR_BUSY)
			failed = busy(e, c, name, &events, &theirs);
	}
	if (!theirs)
		job_conclude(&job, failed ? e : NULL);
	report_result(c, theirs ? theirs : job.result);
	return failed ? -1 : 0;
}
