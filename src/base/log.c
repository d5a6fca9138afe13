/* SPDX-License-Identifier: MIT */
#include "base/log.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

static enum log_level current = LOG_LEVEL_WARN;

void log_set_level(enum log_level level)
{
	current = level;
}

/* One write(2) a line: two threads do not mix theirs, and a reader that went away harms nobody. */
static void line(enum log_level level, const char *prefix, const char *fmt, va_list ap)
{
	struct pollfd writable = { .fd = STDERR_FILENO, .events = POLLOUT };
	char text[ERR_MSG_MAX + 32];
	int len, more;

	if (level > current)
		return;
	len = snprintf(text, sizeof(text), "nodelift: %s", prefix);
	more = vsnprintf(text + len, sizeof(text) - (size_t)len - 1, fmt, ap);
	if (more < 0)
		return;
	len += more;
	if (len > (int)sizeof(text) - 2)
		len = (int)sizeof(text) - 2;
	text[len++] = '\n';
	/* A reader that has stopped to read must not stop us. */
	if (poll(&writable, 1, 0) == 1 && write(STDERR_FILENO, text, (size_t)len) < 0)
		return;
}

void log_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	line(LOG_LEVEL_WARN, "warning: ", fmt, ap);
	va_end(ap);
}

void log_debug(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	line(LOG_LEVEL_DEBUG, "", fmt, ap);
	va_end(ap);
}
