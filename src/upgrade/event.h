/* SPDX-License-Identifier: MIT */
/*
 * event: what a run tells while it goes on. Each event is one JSON object,
 *
 *	{"time":"2026-01-31T12:00:00.000Z","event":"info","stage":"pull","message":"...","data":{...}}
 *
 * handed to a listener (cli/ prints it) and, once the run has a directory, written to its
 * events.jsonl; events from before that are kept in memory and written first. "progress" events
 * go to the listener only, ten a second at most. A reader that is slow or gone never holds up a run.
 */
#ifndef UPGRADE_EVENT_H
#define UPGRADE_EVENT_H

#include <stdint.h>

#include "base/str.h"
#include "codec/json.h"

enum event_kind { EVENT_RUN, EVENT_INFO, EVENT_WARNING, EVENT_PROGRESS };

struct events {
	void (*listen)(enum event_kind kind, const char *stage, const char *message,
	               const struct json *event, void *ctx);
	void *ctx;
	int fd;              /* events.jsonl, -1: not yet */
	struct str before;   /* lines that wait for fd */
	int64_t progress_at; /* of the last progress, clock_ms() */
};

void events_init(struct events *v);
/* From now on into the file, which is created. */
int events_attach(struct err *e, struct events *v, const char *path) MUST_USE;
void events_release(struct events *v);

/* `data` is owned by the call, NULL for none. `stage` names a part of the run: "pull", "health". */
void event_tell(struct events *v, enum event_kind kind, const char *stage, struct json *data,
                const char *fmt, ...) PRINTF(5, 6);

/*
 * Tells again what another process told: takes the complete lines off `text`, hands each event to the
 * listener. The line {"event": "result", ...} with which a command ends is not told but becomes
 * *ret_result, which comes in as NULL; the caller frees it.
 */
void event_retell(struct events *v, struct str *text, struct json **ret_result);

#endif
