/* SPDX-License-Identifier: MIT */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const struct err_info err_table[ERR_CODES] = {
	[ERR_NONE] = { 0, "ok", "the node runs the target and is healthy", "next node" },
	[ERR_BUG] = { 1, "bug", "an internal error; nothing is claimed", "stop, report" },
	[ERR_USAGE] = { 2, "usage", "bad command line or configuration file", "fix the call" },
	[ERR_PRECHECK] = { 10, "precheck", "the node does not qualify; nothing was touched",
	                   "fix the node" },
	[ERR_BUSY] = { 11, "busy", "another run holds the node", "wait" },
	[ERR_RETRY] = { 12, "retry", "registry or network failed; nothing was touched",
	                "retry later" },
	[ERR_REJECTED] = { 20, "rejected",
	                   "digest, signature or policy refuses the image; nothing was touched",
	                   "stop, investigate" },
	[ERR_ROLLED_BACK] = { 30, "rolled-back",
	                      "the upgrade failed; the node is back on the old version and healthy",
	                      "stop the rollout" },
	[ERR_BROKEN] = { 40, "broken", "the node is not healthy and nodelift could not make it so",
	                 "a human" },
	[ERR_DETACHED] = { 50, "detached", "the run goes on on the host without this process",
	                   "nodelift wait" },
};

int err_set(struct err *e, enum err_code code, const char *fmt, ...)
{
	va_list ap;

	e->code = code;
	e->sys = 0;
	va_start(ap, fmt);
	vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
	va_end(ap);
	return -1;
}

int err_sys(struct err *e, const char *fmt, ...)
{
	va_list ap;
	size_t len;

	e->sys = errno;
	e->code = ERR_PRECHECK;
	va_start(ap, fmt);
	vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
	va_end(ap);
	len = strlen(e->msg);
	snprintf(e->msg + len, sizeof(e->msg) - len, ": %s", strerror(e->sys));
	return -1;
}

int err_wrap(struct err *e, const char *fmt, ...)
{
	char inner[ERR_MSG_MAX];
	va_list ap;
	size_t len;

	memcpy(inner, e->msg, sizeof(inner));
	va_start(ap, fmt);
	vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
	va_end(ap);
	len = strlen(e->msg);
	snprintf(e->msg + len, sizeof(e->msg) - len, ": %s", inner);
	return -1;
}
