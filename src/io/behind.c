/* SPDX-License-Identifier: MIT */
#include "io/behind.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct buffer {
	size_t len;
	char data[BEHIND_BUFFER];
};

struct behind_sink {
	struct sink sink;
	struct sink *below;
	pthread_t thread;
	bool running;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* under lock */
	unsigned head, tail; /* buffers handed over, buffers done; head - tail <= BEHIND_BUFFERS */
	bool ended;          /* nothing more will be handed over */
	bool broken;         /* the sink below failed; its error is sticky there and copied here */
	struct err error;
	struct buffer ring[BEHIND_BUFFERS];
};

static struct behind_sink *behind(struct sink *s)
{
	return (struct behind_sink *)s;
}

static void *pass_on(void *arg)
{
	struct behind_sink *b = arg;
	struct err error;

	pthread_mutex_lock(&b->lock);
	for (;;) {
		struct buffer *next = &b->ring[b->tail % BEHIND_BUFFERS];
		int failed;

		while (b->head == b->tail && !b->ended)
			pthread_cond_wait(&b->changed, &b->lock);
		if (b->head == b->tail)
			break;
		pthread_mutex_unlock(&b->lock);
		failed = sink_write(&error, b->below, next->data, next->len);
		pthread_mutex_lock(&b->lock);
		next->len = 0;
		b->tail++;
		if (failed < 0) {
			b->broken = true;
			b->error = error;
			b->tail = b->head;
		}
		pthread_cond_signal(&b->changed);
		if (b->broken)
			break;
	}
	pthread_mutex_unlock(&b->lock);
	return NULL;
}

/* The buffer that is being filled is ring[head]; it is ours until it is handed over. */
static struct buffer *free_buffer(struct err *e, struct behind_sink *b)
{
	struct buffer *ret = NULL;

	pthread_mutex_lock(&b->lock);
	while (b->head - b->tail == BEHIND_BUFFERS && !b->broken)
		pthread_cond_wait(&b->changed, &b->lock);
	if (b->broken)
		*e = b->error;
	else
		ret = &b->ring[b->head % BEHIND_BUFFERS];
	pthread_mutex_unlock(&b->lock);
	return ret;
}

static void hand_over(struct behind_sink *b)
{
	pthread_mutex_lock(&b->lock);
	b->head++;
	pthread_cond_signal(&b->changed);
	pthread_mutex_unlock(&b->lock);
}

static int behind_write(struct err *e, struct sink *s, const void *buf, size_t len)
{
	struct behind_sink *b = behind(s);
	const char *p = buf;

	while (len) {
		struct buffer *to = free_buffer(e, b);
		size_t n;

		if (!to)
			return -1;
		n = len < BEHIND_BUFFER - to->len ? len : BEHIND_BUFFER - to->len;
		memcpy(to->data + to->len, p, n);
		to->len += n;
		p += n;
		len -= n;
		if (to->len == BEHIND_BUFFER)
			hand_over(b);
	}
	return 0;
}

/* Everything down, the thread at its end. */
static void drain(struct behind_sink *b)
{
	struct err ignored;
	struct buffer *last;

	if (!b->running)
		return;
	last = free_buffer(&ignored, b);
	if (last && last->len)
		hand_over(b);
	pthread_mutex_lock(&b->lock);
	b->ended = true;
	pthread_cond_signal(&b->changed);
	pthread_mutex_unlock(&b->lock);
	pthread_join(b->thread, NULL);
	b->running = false;
}

int behind_sink_drain(struct err *e, struct sink *s)
{
	struct behind_sink *b = behind(s);

	drain(b);
	if (!b->broken)
		return 0;
	*e = b->error;
	return -1;
}

static int behind_finish(struct err *e, struct sink *s)
{
	return behind_sink_drain(e, s) < 0 ? -1 : sink_finish(e, behind(s)->below);
}

static void behind_close(struct sink *s)
{
	drain(behind(s));
}

static const struct sink_ops ops = { .write = behind_write,
	                             .finish = behind_finish,
	                             .close = behind_close };

int behind_sink_new(struct err *e, struct sink *below, struct sink **ret)
{
	struct behind_sink *b = mem_alloc(sizeof(*b));

	b->sink.ops = &ops;
	b->below = below;
	pthread_mutex_init(&b->lock, NULL);
	pthread_cond_init(&b->changed, NULL);
	errno = pthread_create(&b->thread, NULL, pass_on, b);
	if (errno) {
		err_sys(e, "cannot start a thread");
		behind_sink_free(&b->sink);
		return -1;
	}
	b->running = true;
	*ret = &b->sink;
	return 0;
}

void behind_sink_free(struct sink *s)
{
	struct behind_sink *b;

	if (!s)
		return;
	b = behind(s);
	sink_close(s);
	pthread_cond_destroy(&b->changed);
	pthread_mutex_destroy(&b->lock);
	free(b);
}
