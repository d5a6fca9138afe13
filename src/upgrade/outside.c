/* SPDX-License-Identifier: MIT */
#include "upgrade/outside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "upgrade/self.h"
#include "upgrade/state.h"

struct relay {
	const struct outside *o;
	struct events events; /* hears what the other process tells */
	struct str text;      /* lines of it that are not complete */
	char *id;             /* of its run, NULL: not known yet */
	struct json *result;
};

static void relay_release(struct relay *r)
{
	events_release(&r->events);
	str_release(&r->text);
	free(r->id);
	json_free(r->result);
}

static void hear(enum event_kind kind, const char *stage, const char *message,
                 const struct json *event, void *ctx)
{
	struct relay *r = ctx;
	struct events *to = r->o->events;
	const char *id = json_str(json_get(event, "data"), "id");

	if (kind == EVENT_RUN && id && !r->id)
		r->id = mem_dup(id);
	if (to->listen)
		to->listen(kind, stage, message, event, to->ctx);
}

static void take_output(int stream, const char *data, size_t len, void *ctx)
{
	struct relay *r = ctx;

	if (stream == 2) {
		r->o->complain(data, len);
		return;
	}
	str_add(&r->text, data, len);
	event_retell(&r->events, &r->text, &r->result);
}

static enum transient_wish wish(void *ctx)
{
	const struct relay *r = ctx;

	if (r->o->detach && r->id && !r->result)
		return TRANSIENT_LEAVE;
	return r->o->wish ? r->o->wish(NULL) : TRANSIENT_GO_ON;
}

static const char **words_of(const struct outside *o, const char *program)
{
	const char **argv;
	int count = 0, n = 0;

	while (o->words[count])
		count++;
	argv = mem_alloc(sizeof(*argv) * (size_t)(count + 4));
	argv[n++] = program;
	argv[n++] = o->command;
	argv[n++] = "--handed-over";
	for (int i = 0; i < count; i++)
		argv[n++] = o->words[i];
	return argv;
}

static int start(struct err *e, struct relay *r, const char *program, int *ret_status)
{
	CLEANUP(mem_freep)
	char *unit = mem_printf("nodelift-%s-%d.service", r->o->command, (int)getpid());
	CLEANUP(mem_freep) char *input = json_print(r->o->bundle);
	CLEANUP(mem_freep) const char **argv = words_of(r->o, program);
	struct transient t = {
		.unit = unit,
		.description = "nodelift: upgrade of this node",
		.argv = argv,
		.input = input,
		.input_len = strlen(input),
		.output = take_output,
		.wish = wish,
		.ctx = r,
	};

	return transient_run(e, &t, ret_status);
}

int outside_run(struct err *e, const struct outside *o, struct json **ret)
{
	CLEANUP(mem_freep) char *program = mem_printf("%s/bin/nodelift", o->settings->state_dir);
	CLEANUP(relay_release) struct relay r = { .o = o };
	const char *id;
	int status;

	events_init(&r.events);
	r.events.listen = hear;
	r.events.ctx = &r;
	if (state_prepare(e, o->settings) < 0 || self_install(e, program) < 0 ||
	    start(e, &r, program, &status) < 0)
		return -1;
	if (r.result) {
		/* Who asked for a run whose engine was restarted has lost the connection, and may
		 * not hear its end though we do; of a run that is over it does. */
		id = json_str(r.result, "id");
		if (!r.id && id)
			state_mark_told(o->settings, id);
		*ret = STEAL(r.result);
		return 0;
	}
	if (status < 0 && r.id)
		return err_set(e, ERR_DETACHED,
		               "run %s goes on on the host: 'nodelift wait' waits for its end",
		               r.id);
	if (status < 0)
		return err_set(e, ERR_DETACHED,
		               "it goes on on the host: 'nodelift wait' waits for its end");
	return err_set(e, ERR_PRECHECK,
	               "a process on the host could not be started, or ended "
	               "without a word (status %d)",
	               status);
}
