/* SPDX-License-Identifier: MIT */
#include "net/retry.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"

#define POLL_MS 100

int64_t http_retry_after(const struct http_response *r)
{
	struct str value = { 0 };
	int64_t seconds = -1;

	if (!http_header(r, "Retry-After", 0, &value))
		return -1;
	if (value.len && strspn(value.s, "0123456789") == value.len) {
		seconds = value.len > 9 ? INT32_MAX : strtol(value.s, NULL, 10);
	} else {
		struct tm tm = { 0 };
		time_t when, now = time(NULL);

		if (strptime(value.s, "%a, %d %b %Y %H:%M:%S GMT", &tm)) {
			when = timegm(&tm);
			seconds = when > now ? when - now : 0;
		}
	}
	str_release(&value);
	return seconds;
}

/* 0.5 s, 1 s, 2 s ... up to 8 s; a quarter more or less, so that a fleet does not return at once. */
static int64_t backoff(int failures)
{
	int64_t ms = HTTP_BACKOFF_MIN_MS;
	uint16_t dice = 0;

	for (int i = 1; i < failures && ms < HTTP_BACKOFF_MAX_MS; i++)
		ms *= 2;
	if (ms > HTTP_BACKOFF_MAX_MS)
		ms = HTTP_BACKOFF_MAX_MS;
	if (getrandom(&dice, sizeof(dice), GRND_NONBLOCK) < 0)
		dice = UINT16_MAX / 2;
	return ms * 3 / 4 + ms / 2 * dice / UINT16_MAX;
}

bool http_again(struct http *h, struct http_retry *retry, const struct http_response *r, int failed,
                const struct err *e)
{
	int64_t asked = http_retry_after(r), wait, until;

	if (!r->transient || ++retry->failures >= HTTP_ATTEMPTS || asked > HTTP_RETRY_AFTER_MAX)
		return false;
	wait = backoff(retry->failures);
	if (asked * 1000 > wait)
		wait = asked * 1000;
	if (failed < 0)
		log_debug("%s: attempt %d of %d in %d ms", e->msg, retry->failures + 1,
		          HTTP_ATTEMPTS, (int)wait);
	else
		log_debug("status %d: attempt %d of %d in %d ms", r->status, retry->failures + 1,
		          HTTP_ATTEMPTS, (int)wait);
	for (until = clock_ms() + wait; clock_ms() < until; clock_sleep_ms(POLL_MS))
		if (http_stopped(h))
			return false;
	return true;
}

int http_persist(struct err *e, struct http *h, const struct http_request *q,
                 struct http_response *ret)
{
	struct http_retry retry = { 0 };

	for (;;) {
		int failed = http_exchange(e, h, q, ret);

		if (!http_again(h, &retry, ret, failed, e))
			return failed;
		http_response_release(ret);
	}
}
