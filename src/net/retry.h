/* SPDX-License-Identifier: MIT */
/* retry: what failed for the moment is tried again, later each time. */
#ifndef NET_RETRY_H
#define NET_RETRY_H

#include "net/http.h"

#define HTTP_ATTEMPTS 5
#define HTTP_BACKOFF_MIN_MS 500
#define HTTP_BACKOFF_MAX_MS 8000

/*
 * After an exchange: should the same be tried once more? Waits as long as the server asked for or
 * exponentially longer each time. `failed` is what http_exchange() returned. Reset the counter, {0},
 * where there was progress.
 */
struct http_retry {
	int failures;
};
bool http_again(struct http *h, struct http_retry *retry, const struct http_response *r, int failed,
                const struct err *e);
/* http_exchange() with that. */
int http_persist(struct err *e, struct http *h, const struct http_request *q,
                 struct http_response *ret) MUST_USE;

/* Seconds that the server asked for with Retry-After (RFC 9110, 10.2.3); -1: it did not. */
int64_t http_retry_after(const struct http_response *r);

#endif
