/* SPDX-License-Identifier: MIT */
/*
 * log: lines for a person who looks closely, on stderr.
 *
 * What a run reports (events, results) does not go here: cli/ prints it. The level is the only
 * global state of the program.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/err.h"

enum log_level { LOG_LEVEL_QUIET, LOG_LEVEL_WARN, LOG_LEVEL_DEBUG };

void log_set_level(enum log_level level); /* LOG_LEVEL_WARN until it is set */
void log_warn(const char *fmt, ...) PRINTF(1, 2);
void log_debug(const char *fmt, ...) PRINTF(1, 2);

#endif
