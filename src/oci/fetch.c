/* SPDX-License-Identifier: MIT */
#include "oci/fetch.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "oci/discover.h"
#include "oci/registry.h"
#include "os/file.h"

#define PARALLEL 4
#define PARALLEL_MAX 16
#define PROGRESS_MS 100    /* between two calls of progress() */
#define STACK (256 * 1024) /* of a transfer; musl's default is half, TLS handshakes are deep */
#define SPARE_BYTES (16LL * 1024 * 1024) /* that must stay free after everything was fetched */

/* One layer that the image needs; the same digest occurs once. */
struct job {
	const struct layer *layer;
	struct meter meter;
	bool there;    /* in the store from the beginning */
	bool complete; /* in the store now; read when its transfer has ended */
};

struct fetch {
	const struct fetch_options *options;
	const struct reference *reference;
	struct platform platform;
	struct store *store;
	struct registry *registry; /* NULL until something is missing */
	struct http *http;         /* of the calling thread */
	struct image *image;
	int64_t config_size;
	struct job *jobs;
	int job_count;
	int64_t next_report; /* clock_ms() */
	bool interrupted;    /* progress() said so */
	/* shared with the transfers */
	pthread_mutex_t lock;
	pthread_cond_t ended;
	int next;         /* under lock: the first job that nobody has taken */
	int running;      /* under lock: transfers that have not ended */
	struct err error; /* under lock: the first one; its code is ERR_NONE while all is well */
	atomic_bool stop;
};

/* ---- progress and interruption, in the calling thread ---- */

static bool report(struct fetch *f, bool last)
{
	struct fetch_progress p = { .total = f->config_size };

	if (!f->options->progress || (clock_ms() < f->next_report && !last))
		return f->interrupted;
	f->next_report = clock_ms() + PROGRESS_MS;
	if (f->image->config_json)
		p.done = f->config_size;
	for (int i = 0; i < f->job_count; i++) {
		p.total += f->jobs[i].layer->size;
		p.done += f->jobs[i].there ? f->jobs[i].layer->size : f->jobs[i].meter.have;
		p.downloaded += f->jobs[i].meter.downloaded;
	}
	if (f->options->progress(&p, f->options->ctx))
		f->interrupted = true;
	return f->interrupted;
}

static bool stop_caller(void *ctx)
{
	return report(ctx, false);
}

static bool stop_transfer(void *ctx)
{
	return ((struct fetch *)ctx)->stop;
}

static int connect_registry(struct err *e, struct fetch *f)
{
	const struct fetch_options *o = f->options;
	struct registry_options r = { .ca_file = o->ca_file,
		                      .config_file = o->config_file,
		                      .certs_dir = o->certs_dir,
		                      .credential_helpers = o->credential_helpers,
		                      .hosts_dir = o->hosts_dir,
		                      .daemon_file = o->daemon_file,
		                      .insecure = o->insecure,
		                      .signed_required = o->signed_required,
		                      .plain_http = o->plain_http };

	if (f->registry)
		return 0;
	if (registry_open(e, &r, f->reference, &f->registry) < 0)
		return -1;
	return registry_connect(e, f->registry, stop_caller, f, &f->http);
}

int fetch_signatures(struct err *e, struct fetch *f, const struct digest *top,
                     enum signature_format format, struct signature_list *ret)
{
	if (connect_registry(e, f) < 0)
		return -1;
	return discover_signatures(e, f->registry, f->http, top, format, ret);
}

/* ---- documents: from the store, else from the registry ---- */

/* What was kept is hashed again: it is small, and a bad disk must not decide what is installed. */
static bool load_document(struct fetch *f, const struct digest *d, struct document *ret)
{
	CLEANUP(mem_freep) char *path = store_path(f->store, d);
	struct digest have;
	struct err ignored;

	if (d->algorithm != DIGEST_SHA256 || !store_has(f->store, d, -1) ||
	    digest_of_file(&ignored, path, &have) < 0 || !digest_equal(&have, d))
		return false;
	*ret = (struct document){ .digest = *d };
	return file_read(&ignored, path, IMAGE_MANIFEST_MAX, &ret->text) == 0;
}

static int parse_document(struct err *e, const char *name, const struct document *d,
                          struct json **ret)
{
	return json_parse(e, ERR_REJECTED, name, d->text.s ? d->text.s : "", d->text.len, ret);
}

/* `want` NULL: whatever the tag means now; size -1: not known. Kept in the store once it is known to
 * be a manifest. */
static int get_manifest(struct err *e, struct fetch *f, const struct digest *want, int64_t size,
                        struct digest *ret_digest, enum document_kind *ret_kind, struct json **ret)
{
	CLEANUP(json_freep) struct json *json = NULL;
	struct document d = { 0 };
	bool kept = want && load_document(f, want, &d);
	int failed = 0;

	if (!kept && (connect_registry(e, f) < 0 ||
	              registry_manifest(e, f->registry, f->http, want, &d) < 0))
		return -1;
	if (size >= 0 && (int64_t)d.text.len != size)
		failed = err_set(e, ERR_REJECTED, "manifest has another size than promised");
	if (failed == 0) {
		failed = parse_document(e, "manifest", &d, &json);
		if (failed < 0 && d.media_type)
			err_wrap(e, "answer of type '%.100s'", d.media_type);
	}
	if (failed == 0)
		failed = image_document_kind(e, json, d.media_type, ret_kind);
	if (failed == 0 && !kept)
		failed = store_put(e, f->store, &d.digest, d.text.s, d.text.len);
	*ret_digest = d.digest;
	document_release(&d);
	if (failed == 0)
		*ret = STEAL(json);
	return failed;
}

static int get_platform_manifest(struct err *e, struct fetch *f, const struct digest *top,
                                 struct json **ret)
{
	CLEANUP(json_freep) struct json *json = NULL;
	struct digest chosen;
	enum document_kind kind = DOCUMENT_MANIFEST;
	int64_t size;

	if (get_manifest(e, f, top, -1, &f->image->top, &kind, &json) < 0)
		return -1;
	if (f->options->approve && f->options->approve(e, f, &f->image->top, f->options->ctx) < 0)
		return -1;
	f->image->manifest = f->image->top;
	if (kind == DOCUMENT_INDEX) {
		CLEANUP(json_freep) struct json *index = STEAL(json);

		if (image_index_select(e, index, &f->platform, &chosen, &size) < 0 ||
		    get_manifest(e, f, &chosen, size, &f->image->manifest, &kind, &json) < 0)
			return -1;
		if (kind != DOCUMENT_MANIFEST)
			return err_set(e, ERR_REJECTED, "index inside an index");
	}
	*ret = STEAL(json);
	return 0;
}

static int get_config(struct err *e, struct fetch *f)
{
	struct image *i = f->image;
	CLEANUP(json_freep) struct json *json = NULL;
	struct document d = { 0 };
	bool kept = load_document(f, &i->config, &d);
	int failed = 0;

	if (!kept &&
	    (connect_registry(e, f) < 0 ||
	     registry_small_blob(e, f->registry, f->http, &i->config, f->config_size, &d) < 0))
		return -1;
	if ((int64_t)d.text.len != f->config_size)
		failed = err_set(e, ERR_REJECTED,
		                 "image configuration has another size than promised");
	if (failed == 0)
		failed = parse_document(e, "image configuration", &d, &json);
	if (failed == 0)
		failed = image_read_config(e, json, &f->platform, i);
	if (failed == 0) {
		json = NULL; /* the image's now */
		if (!kept)
			failed = store_put(e, f->store, &i->config, d.text.s, d.text.len);
	}
	document_release(&d);
	return failed;
}

/* ---- layers ---- */

static void list_jobs(struct fetch *f)
{
	const struct image *i = f->image;

	f->jobs = mem_alloc((size_t)i->layer_count * sizeof(*f->jobs));
	for (int n = 0; n < i->layer_count; n++) {
		int same = 0;

		while (same < n && !digest_equal(&i->layers[same].digest, &i->layers[n].digest))
			same++;
		if (same < n)
			continue;
		f->jobs[f->job_count++] = (struct job){
			.layer = &i->layers[n],
			.there = store_has(f->store, &i->layers[n].digest, i->layers[n].size),
		};
	}
}

/* The next layer that is to be fetched; NULL: none is left, or it is time to stop. */
static struct job *take_job(struct fetch *f)
{
	struct job *job = NULL;

	pthread_mutex_lock(&f->lock);
	while (!job && !f->stop && f->next < f->job_count)
		if (!f->jobs[f->next++].there)
			job = &f->jobs[f->next - 1];
	pthread_mutex_unlock(&f->lock);
	return job;
}

static int transfer(struct err *e, struct fetch *f)
{
	CLEANUP(http_closep) struct http *h = NULL;
	struct job *job;

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
	struct fetch *f = arg;
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

static int start_transfer(struct err *e, struct fetch *f, pthread_t *ret)
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

static void wait_for_transfers(struct fetch *f)
{
	struct timespec until;

	pthread_mutex_lock(&f->lock);
	while (f->running) {
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += PROGRESS_MS * 1000000L;
		if (until.tv_nsec >= 1000000000L) {
			until.tv_sec++;
			until.tv_nsec -= 1000000000L;
		}
		pthread_cond_timedwait(&f->ended, &f->lock, &until);
		pthread_mutex_unlock(&f->lock);
		if (report(f, false))
			f->stop = true;
		pthread_mutex_lock(&f->lock);
	}
	pthread_mutex_unlock(&f->lock);
}

static int run_transfers(struct err *e, struct fetch *f, int count)
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
	for (int i = 0; failed == 0 && i < f->job_count; i++)
		if (!f->jobs[i].there && !f->jobs[i].complete)
			failed = err_set(e, ERR_RETRY, "interrupted");
	return failed;
}

static int get_layers(struct err *e, struct fetch *f)
{
	int parallel = f->options->parallel > 0 ? f->options->parallel : PARALLEL;
	int missing = 0;
	int64_t bytes = 0;

	list_jobs(f);
	for (int i = 0; i < f->job_count; i++)
		if (!f->jobs[i].there) {
			missing++;
			bytes += f->jobs[i].layer->size;
		}
	if (missing == 0)
		return 0;
	if (store_need_space(e, f->store, bytes + SPARE_BYTES) < 0 || connect_registry(e, f) < 0)
		return -1;
	if (parallel > PARALLEL_MAX)
		parallel = PARALLEL_MAX;
	return run_transfers(e, f, missing < parallel ? missing : parallel);
}

/* ---- the whole ---- */

static void fetch_init(struct fetch *f, const struct fetch_options *o, const struct reference *r,
                       struct store *s)
{
	pthread_condattr_t attr;

	*f = (struct fetch){ .options = o,
		             .reference = r,
		             .platform = o->platform.os ? o->platform : image_platform(),
		             .store = s,
		             .image = mem_alloc(sizeof(*f->image)) };
	f->image->reference = reference_format(r);
	pthread_mutex_init(&f->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&f->ended, &attr);
	pthread_condattr_destroy(&attr);
}

static void fetch_release(struct fetch *f)
{
	http_close(f->http);
	registry_close(f->registry);
	image_free(f->image);
	free(f->jobs);
	pthread_cond_destroy(&f->ended);
	pthread_mutex_destroy(&f->lock);
}

static int examine(struct err *e, struct fetch *f)
{
	return f->options->examine ? f->options->examine(e, f->image, f->options->ctx) : 0;
}

static int get_image(struct err *e, struct fetch *f)
{
	CLEANUP(json_freep) struct json *manifest = NULL;
	const struct digest *top = &f->reference->digest;

	if (get_platform_manifest(e, f, top->algorithm != DIGEST_NONE ? top : NULL, &manifest) <
	            0 ||
	    image_read_manifest(e, manifest, f->image, &f->config_size) < 0 ||
	    get_config(e, f) < 0 || examine(e, f) < 0 || get_layers(e, f) < 0)
		return -1;
	report(f, true); /* the whole, for the last time; too late to interrupt */
	return 0;
}

int fetch_image(struct err *e, const struct fetch_options *o, const struct reference *r,
                struct store *s, struct image **ret)
{
	struct fetch f;
	int failed;

	fetch_init(&f, o, r, s);
	failed = get_image(e, &f);
	if (failed < 0 && f.interrupted)
		err_set(e, ERR_RETRY, "interrupted");
	else if (failed < 0 && e->code == ERR_REJECTED) /* the others name the registry */
		err_wrap(e, "%.255s", f.image->reference);
	if (failed == 0)
		*ret = STEAL(f.image);
	fetch_release(&f);
	return failed;
}

int fetch_resolve(struct err *e, const struct fetch_options *o, const struct reference *r,
                  struct digest *ret_top)
{
	struct document d = { 0 };
	struct fetch f;
	int failed;

	if (r->digest.algorithm != DIGEST_NONE) {
		*ret_top = r->digest;
		return 0;
	}
	fetch_init(&f, o, r, NULL);
	failed = connect_registry(e, &f);
	if (failed == 0)
		failed = registry_manifest(e, f.registry, f.http, NULL, &d);
	if (failed < 0 && f.interrupted)
		err_set(e, ERR_RETRY, "interrupted");
	else if (failed < 0 && e->code == ERR_REJECTED) /* the others name the registry */
		err_wrap(e, "%.255s", f.image->reference);
	*ret_top = d.digest;
	document_release(&d);
	fetch_release(&f);
	return failed;
}
