/* SPDX-License-Identifier: MIT */
#include "cli/report.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"

/* All that is printed while a run goes on. A reader that stopped reading must not stop the run in
 * the moment in which the engine is down: its line is dropped, events.jsonl has it. */
PRINTF(2, 3) static void put(int fd, const char *fmt, ...)
{
	struct pollfd writable = { .fd = fd, .events = POLLOUT };
	CLEANUP(mem_freep) char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = mem_vprintf(fmt, ap);
	va_end(ap);
	if (poll(&writable, 1, 0) == 1 && write(fd, text, strlen(text)) < 0)
		log_debug("a line was not written");
}

/* Progress rewrites its line, so the next line must clear it first. */
#define CLEAR_LINE "\r\033[K"

/* Names and messages of servers and archives are in what we print: nothing of them may steer a
 * terminal or look like a line of ours. */
char *report_printable(const char *text)
{
	char *copy = mem_dup(text);

	for (char *p = copy; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	return copy;
}

static void listen_for_people(enum event_kind kind, const char *stage, const char *message,
                              const struct json *event, void *ctx)
{
	CLEANUP(mem_freep) char *text = report_printable(message);
	bool terminal = isatty(STDERR_FILENO);

	(void)event;
	(void)ctx;
	if (kind == EVENT_RUN)
		return;
	if (kind == EVENT_PROGRESS) {
		if (terminal)
			put(STDERR_FILENO, CLEAR_LINE "%-8s %s", stage, text);
		return;
	}
	put(STDERR_FILENO, "%s%-8s %s%s\n", terminal ? CLEAR_LINE : "", stage,
	    kind == EVENT_WARNING ? "warning: " : "", text);
}

static void print_line(const struct json *v)
{
	CLEANUP(mem_freep) char *text = json_print(v);

	dprintf(STDOUT_FILENO, "%s\n", text);
}

static void listen_for_programs(enum event_kind kind, const char *stage, const char *message,
                                const struct json *event, void *ctx)
{
	CLEANUP(mem_freep) char *text = json_print(event);

	(void)kind;
	(void)stage;
	(void)message;
	(void)ctx;
	put(STDOUT_FILENO, "%s\n", text);
}

void report_listen(struct events *v, const struct cli *c)
{
	v->listen = c->json ? listen_for_programs : listen_for_people;
}

void report_error(const struct err *e)
{
	CLEANUP(mem_freep) char *text = report_printable(e->msg);

	dprintf(STDERR_FILENO, "%snodelift: %s: %s\n", isatty(STDERR_FILENO) ? CLEAR_LINE : "",
	        err_table[e->code].name, text);
}

static void print_sentence(const struct json *r)
{
	const char *outcome = json_str(r, "outcome"), *from = json_str(r, "from");
	/* what an image says of itself */
	CLEANUP(mem_freep)
	char *to = json_str(r, "to") ? report_printable(json_str(r, "to")) : NULL;
	double total = (double)json_int(r, "total_ms", 0) / 1000;
	int64_t down = json_int(r, "downtime_ms", -1);

	if (strcmp(outcome, "unchanged") == 0)
		dprintf(STDERR_FILENO,
		        "nodelift: unchanged: the node runs %s already, total %.1f s\n",
		        to ? to : "the target", total);
	else if (from && to && down >= 0)
		dprintf(STDERR_FILENO, "nodelift: %s: %s -> %s, downtime %.2f s, total %.1f s\n",
		        outcome, from, to, (double)down / 1000, total);
	else
		dprintf(STDERR_FILENO, "nodelift: %s\n", outcome);
}

void report_result(struct cli *c, const struct json *result)
{
	CLEANUP(json_freep) struct json *last = NULL;

	if (!c->json) {
		if (json_int(result, "status", 0) == 0 && json_str(result, "outcome"))
			print_sentence(result);
		return;
	}
	last = json_copy(result);
	json_unset(last, "event");
	json_set_str(last, "event", "result");
	print_line(last);
	c->told = true;
}

void report_failure(struct cli *c, const struct err *e)
{
	CLEANUP(json_freep) struct json *result = NULL;

	if (c->json && !c->told) {
		result = json_object();
		json_set_int(result, "status", err_table[e->code].status);
		json_set_str(result, "name", err_table[e->code].name);
		json_set_str(result, "message", e->msg);
		report_result(c, result);
	}
	if (!c->handed_over)
		report_error(e);
}

void report_document(const struct cli *c, const struct json *v)
{
	CLEANUP(mem_freep) char *text = NULL;

	if (c->json) {
		print_line(v);
		return;
	}
	text = json_print_pretty(v);
	dprintf(STDOUT_FILENO, "%s\n", text);
}
