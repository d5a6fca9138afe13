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
