/* SPDX-License-Identifier: MIT */
/* restart: have systemd run the files that are there now. */
#ifndef UPGRADE_RESTART_H
#define UPGRADE_RESTART_H

#include <stdint.h>

#include "base/err.h"

/*
 * Restarts the units as one transaction and returns when the processes from before are gone; that
 * the new ones are well is for health_wait(). *ret_down_at is when it began, clock_ms().
 */
int restart_units(struct err *e, const char *const *units, int count, int64_t stop_timeout_ms,
                  int64_t *ret_down_at) MUST_USE;

#endif
