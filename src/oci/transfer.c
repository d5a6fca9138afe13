/* SPDX-License-Identifier: MIT */
#include "oci/transfer.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"

#define PARALLEL 4
#define PARALLEL_MAX 16
#define WAKE_MS 100        /* between two calls of stop() */
#define STACK (256 * 1024) /* of a transfer; musl's default is half, TLS handshakes are deep */
#define SPARE_BYTES (16LL * 1024 * 1024) /* that must stay free after everything was fetched */

struct work {
	const struct transfer_options *options;
	struct transfer_list *list;
	struct registry *registry;
	struct store *store;
	/* shared with the transfers */
	pthread_mutex_t lock;
	pthread_cond_t ended;
	int next;         /* under lock: the first one that nobody has taken */
	int running;      /* under lock: transfers that have not ended */
	struct err error; /* under lock: the first one; its code is ERR_NONE while all is well */
	atomic_bool stop;
};

void transfer_list_make(struct transfer_list *l, const struct image *i, const struct store *s)
{
	*l = (struct transfer_list){
		.items = mem_alloc((size_t)i->layer_count * sizeof(*l->items)),
	};
	for (int n = 0; n < i->layer_count; n++) {
		struct transfer *t = &l->items[l->count];
		int same = 0;

		while (same < n && !digest_equal(&i->layers[same].digest, &i->layers[n].digest))
			same++;
		if (same < n)
			continue;
		l->count++;
		*t = (struct transfer){
			.layer = &i->layers[n],
			.there = store_has(s, &i->layers[n].digest, i->layers[n].size),
		};
		l->missing += t->there ? 0 : i->layers[n].size;
	}
}

void transfer_list_release(struct transfer_list *l)
{
	free(l->items);
	*l = (struct transfer_list){ 0 };
}

static bool stop_transfer(void *ctx)
{
	return ((struct work *)ctx)->stop;
}

/* The next layer that is to be fetched; NULL: none is left, or it is time to stop. */
static struct transfer *take_job(struct work *f)
{
	struct transfer *job = NULL;

	pthread_mutex_lock(&f->lock);
	while (!job && !f->stop && f->next < f->list->count)
		if (!f->list->items[f->next++].there)
			job = &f->list->items[f->next - 1];
	pthread_mutex_unlock(&f->lock);
	return job;
}

static int transfer(struct err *e, struct work *f)
{
	CLEANUP(http_closep) struct http *h = NULL;
	struct transfer *job;

	if (registry_connect(e, f->registry, stop_transfer, f, &h) < 0)
		return -1;
	while ((job = take_job(f))) {
		if (registry_blob(e, f->registry, h, &job->layer->digest, job->layer->size,
		                  f->store, &job->meter) < 0)
			return -1;
		job->complete = true;
	}
	return 0;
}

static void *transfer_thread(void *arg)
{
	struct work *f = arg;
	struct err e;
	int failed = transfer(&e, f);

	pthread_mutex_lock(&f->lock);
	if (failed < 0) {
		/* the others end because of this one: theirs are no news */
		if (f->error.code == ERR_NONE && !f->stop)
			f->error = e;
		f->stop = true;
	}
	f->running--;
	pthread_cond_signal(&f->ended);
	pthread_mutex_unlock(&f->lock);
	return NULL;
}

static int start_transfer(struct err *e, struct work *f, pthread_t *ret)
{
	pthread_attr_t attr;
	int error;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	pthread_mutex_lock(&f->lock);
	f->running++;
	error = pthread_create(ret, &attr, transfer_thread, f);
	if (error)
		f->running--;
	pthread_mutex_unlock(&f->lock);
	pthread_attr_destroy(&attr);
	errno = error;
	return error ? err_sys(e, "cannot start a thread") : 0;
}

static void wait_for_transfers(struct work *f)
{
	struct timespec until;

	pthread_mutex_lock(&f->lock);
	while (f->running) {
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += WAKE_MS * 1000000L;
		if (until.tv_nsec >= 1000000000L) {
			until.tv_sec++;
			until.tv_nsec -= 1000000000L;
		}
		pthread_cond_timedwait(&f->ended, &f->lock, &until);
		pthread_mutex_unlock(&f->lock);
		if (f->options->stop && f->options->stop(f->options->ctx))
			f->stop = true;
		pthread_mutex_lock(&f->lock);
	}
	pthread_mutex_unlock(&f->lock);
}

static int run_transfers(struct err *e, struct work *f, int count)
{
	pthread_t threads[PARALLEL_MAX];
	int started = 0, failed = 0;

	while (started < count && (failed = start_transfer(e, f, &threads[started])) == 0)
		started++;
	if (failed < 0)
		f->stop = true;
	wait_for_transfers(f);
	for (int i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	if (failed == 0 && f->error.code != ERR_NONE) {
		*e = f->error;
		failed = -1;
	}
	/* A transfer that was told to stop has no error of its own: only complete layers count. */
	for (int i = 0; failed == 0 && i < f->list->count; i++)
		if (!f->list->items[i].there && !f->list->items[i].complete)
			failed = err_set(e, ERR_RETRY, "interrupted");
	return failed;
}

static void work_init(struct work *f)
{
	pthread_condattr_t attr;

	pthread_mutex_init(&f->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&f->ended, &attr);
	pthread_condattr_destroy(&attr);
}

int transfer_run(struct err *e, const struct transfer_options *o, struct transfer_list *l,
                 struct registry *r, struct store *s)
{
	struct work f = { .options = o, .list = l, .registry = r, .store = s };
	int count = o->parallel > 0 ? o->parallel : PARALLEL, missing = 0, failed;

	for (int i = 0; i < l->count; i++)
		missing += !l->items[i].there;
	if (store_need_space(e, s, l->missing + SPARE_BYTES) < 0)
		return -1;
	if (count > PARALLEL_MAX)
		count = PARALLEL_MAX;
	work_init(&f);
	failed = run_transfers(e, &f, missing < count ? missing : count);
	pthread_cond_destroy(&f.ended);
	pthread_mutex_destroy(&f.lock);
	return failed;
}
