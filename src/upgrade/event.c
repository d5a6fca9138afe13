/* SPDX-License-Identifier: MIT */
#include "upgrade/event.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "os/file.h"

#define PROGRESS_EVERY_MS 100

static const char *const names[] = {
	[EVENT_RUN] = "run",
	[EVENT_INFO] = "info",
	[EVENT_WARNING] = "warning",
	[EVENT_PROGRESS] = "progress",
};

void events_init(struct events *v)
{
	*v = (struct events){ .fd = -1 };
}

int events_attach(struct err *e, struct events *v, const char *path)
{
	if (file_create(e, path, 0600, &v->fd) < 0)
		return -1;
	if (v->before.len && file_write_all(e, v->fd, path, v->before.s, v->before.len) < 0)
		return -1;
	str_release(&v->before);
	return 0;
}

void events_release(struct events *v)
{
	mem_closep(&v->fd);
	v->fd = -1;
	str_release(&v->before);
}

static void record(struct events *v, const struct json *event)
{
	CLEANUP(mem_freep) char *text = json_print(event);
	CLEANUP(mem_freep) char *line = mem_printf("%s\n", text);
	struct err e;

	if (v->fd < 0)
		str_add(&v->before, line, strlen(line));
	else if (file_write_all(&e, v->fd, "events.jsonl", line, strlen(line)) < 0)
		log_debug("%s", e.msg); /* a lost line of the record is no reason to fail */
}

void event_tell(struct events *v, enum event_kind kind, const char *stage, struct json *data,
                const char *fmt, ...)
{
	CLEANUP(json_freep) struct json *event = NULL;
	CLEANUP(mem_freep) char *message = NULL;
	char now[CLOCK_UTC_MAX];
	va_list ap;

	if (kind == EVENT_PROGRESS && clock_ms() - v->progress_at < PROGRESS_EVERY_MS) {
		json_free(data);
		return;
	}
	if (kind == EVENT_PROGRESS)
		v->progress_at = clock_ms();
	event = json_object();
	va_start(ap, fmt);
	message = mem_vprintf(fmt, ap);
	va_end(ap);
	clock_utc(now);
	json_set_str(event, "time", now);
	json_set_str(event, "event", names[kind]);
	json_set_str(event, "stage", stage);
	json_set_str(event, "message", message);
	if (data)
		json_set(event, "data", data);
	if (kind != EVENT_PROGRESS)
		record(v, event);
	if (v->listen)
		v->listen(kind, stage, message, event, v->ctx);
}

static enum event_kind kind_of(const char *name)
{
	for (size_t i = 0; name && i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0)
			return (enum event_kind)i;
	return EVENT_INFO;
}

static void retell_line(struct events *v, const char *line, size_t len, struct json **ret_result)
{
	CLEANUP(json_freep) struct json *event = NULL;
	const char *name, *stage, *message;
	struct err e;

	/* One that was not written to its end before a power cut is no event. */
	if (json_parse(&e, ERR_BROKEN, "event", line, len, &event) < 0)
		return;
	name = json_str(event, "event");
	if (name && strcmp(name, "result") == 0 && !*ret_result) {
		*ret_result = STEAL(event);
		return;
	}
	stage = json_str(event, "stage");
	message = json_str(event, "message");
	if (v->listen)
		v->listen(kind_of(name), stage ? stage : "", message ? message : "", event, v->ctx);
}

void event_retell(struct events *v, struct str *text, struct json **ret_result)
{
	size_t at = 0;

	while (at < text->len) {
		const char *end = memchr(text->s + at, '\n', text->len - at);

		if (!end)
			break;
		retell_line(v, text->s + at, (size_t)(end - (text->s + at)), ret_result);
		at = (size_t)(end - text->s) + 1;
	}
	str_drop(text, at);
}
