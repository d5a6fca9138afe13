/* SPDX-License-Identifier: MIT */
/*
 * behind: a sink that hands its bytes to the sink below in a thread of its own, so that what feeds
 * it (decryption) and what is below (hashing, the disk) work at the same time. It holds at most
 * BEHIND_BUFFERS * BEHIND_BUFFER bytes and blocks when they are full.
 *
 * An error of the sink below comes up at one of the next writes or at the finish. Closed without
 * finish, what was written still goes down first.
 */
#ifndef IO_BEHIND_H
#define IO_BEHIND_H

#include "io/sink.h"

#define BEHIND_BUFFERS 4
#define BEHIND_BUFFER (64 * 1024)

/* The sink below is not to be touched until drain, finish or close has returned. */
int behind_sink_new(struct err *e, struct sink *below, struct sink **ret) MUST_USE;
/* What was written is down, and nothing more can be; fails as the sink below did. It is not finished. */
int behind_sink_drain(struct err *e, struct sink *s) MUST_USE;
/* Closes and frees it. */
void behind_sink_free(struct sink *s);

#endif
