/* SPDX-License-Identifier: MIT */
/* clock: durations in milliseconds, moments as text. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

#define CLOCK_UTC_MAX 25

int64_t clock_ms(void); /* monotonic; only differences mean something */
void clock_sleep_ms(int64_t ms);
/* Now, RFC 3339 with milliseconds, in UTC: 2026-01-31T12:00:00.000Z. */
void clock_utc(char ret[CLOCK_UTC_MAX]);

#endif
