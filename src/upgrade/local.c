/* SPDX-License-Identifier: MIT */
#include "upgrade/local.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "engine/image.h"
#include "io/fd.h"

#define MIB (1024.0 * 1024.0)

static bool stop(void *ctx)
{
	return run_interrupted(ctx) != NULL;
}

static int import_fd(struct err *e, struct run *r, const struct origin *o, int fd,
                     struct import *ret)
{
	CLEANUP(pack_closep) struct pack *p = NULL;
	const struct import_options options = { .origin = o, .stop = stop, .ctx = r };

	if (pack_open(e, fd, o->text, &p) < 0)
		return -1;
	return import_pack(e, &options, p, r->store, ret);
}

static int import_file(struct err *e, struct run *r, const struct origin *o, struct import *ret)
{
	CLEANUP(mem_closep) int fd = open(o->place, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		err_sys(e, "cannot open '%s'", o->place);
		e->code = ERR_USAGE;
		return -1;
	}
	return import_fd(e, r, o, fd, ret);
}

/* ---- the engine ---- */

/* The engine sends, what reads an archive asks: a pipe between them, and a thread to fill it. */
struct export
{
	const char *socket, *id;
	int to;
	atomic_bool stop; /* nobody reads any more */
	struct err error;
	bool failed;
};

static bool stop_export(void *ctx)
{
	return ((struct export *)ctx)->stop;
}

static void *run_export(void *arg)
{
	struct export *x = arg;
	CLEANUP(engine_closep) struct engine *g = NULL;
	struct fd_sink to;

	fd_sink_init(&to, x->to, "pipe");
	x->failed = engine_open_stoppable(&x->error, x->socket, ENGINE_TIMEOUT_MS, stop_export, x,
	                                  &g) < 0 ||
	            image_export(&x->error, g, x->id, &to.sink) < 0;
	sink_close(&to.sink);
	mem_closep(&x->to);
	return NULL;
}

static int import_export(struct err *e, struct run *r, const struct origin *o, const char *socket,
                         const char *id, struct import *ret)
{
	struct export x = { .socket = socket, .id = id, .to = -1 };
	CLEANUP(mem_closep) int from = -1;
	pthread_t thread;
	int ends[2], failed;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(e, "cannot make a pipe");
	from = ends[0];
	x.to = ends[1];
	errno = pthread_create(&thread, NULL, run_export, &x);
	if (errno) {
		mem_closep(&x.to);
		return err_sys(e, "cannot start a thread");
	}
	failed = import_fd(e, r, o, from, ret);
	x.stop = failed < 0;
	mem_closep(&from); /* wakes it where it waits for a reader */
	pthread_join(thread, NULL);
	/* That the archive is cut off is only what follows from the engine's failure. */
	if (x.failed && (failed == 0 || e->code == ERR_REJECTED) && !stop(r)) {
		if (failed == 0)
			import_release(ret);
		*e = x.error;
		return -1;
	}
	return failed;
}

/* The digest under which the engine had it from that repository. */
static void add_digest(const struct json *image, struct reference *name)
{
	for (const struct json *d = json_first(json_get(image, "RepoDigests"));
	     d && name->digest.algorithm == DIGEST_NONE; d = json_next(d)) {
		struct reference r = { 0 };
		struct err ignored;

		if (!json_string(d) || reference_parse(&ignored, json_string(d), &r) < 0)
			continue;
		if (strcmp(r.host, name->host) == 0 && strcmp(r.path, name->path) == 0)
			name->digest = r.digest;
		reference_release(&r);
	}
}

/* By an ID it was asked for: what the engine calls it itself. */
static const char *first_name(const struct json *image)
{
	const struct json *tag = json_first(json_get(image, "RepoTags"));

	return json_string(tag ? tag : json_first(json_get(image, "RepoDigests")));
}

static int name_image(struct err *e, const struct origin *o, const struct json *image,
                      struct import *i)
{
	struct reference r = { 0 };
	const char *own = first_name(image);

	if (o->name.host) {
		add_digest(image, &i->name);
		return 0;
	}
	if (reference_parse(e, o->place, &r) < 0 && (!own || reference_parse(e, own, &r) < 0))
		return 0; /* it has none */
	i->pinned = r.digest.algorithm != DIGEST_NONE && strchr(o->place, '@');
	add_digest(image, &r);
	reference_release(&i->name);
	i->name = r;
	return 0;
}

static int import_engine(struct err *e, struct run *r, const struct origin *o, struct import *ret)
{
	const char *socket = r->settings->socket ? r->settings->socket : engine_usual_socket();
	CLEANUP(engine_closep) struct engine *g = NULL;
	CLEANUP(json_freep) struct json *image = NULL;

	if (!socket)
		return err_set(e, ERR_PRECHECK, "no engine runs here: there is no socket of one");
	if (engine_open(e, socket, ENGINE_TIMEOUT_MS, &g) < 0 ||
	    image_inspect(e, g, o->place, &image) < 0)
		return -1;
	if (!image || !json_str(image, "Id"))
		return err_set(e, ERR_USAGE, "the engine at '%s' has no image '%s'", socket,
		               o->place);
	/* by its ID: the name may be given to another one in the meantime */
	if (import_export(e, r, o, socket, json_str(image, "Id"), ret) < 0)
		return -1;
	return name_image(e, o, image, ret);
}

/* ---- all of them ---- */

static void tell(struct run *r, const struct import *i, int64_t ms)
{
	CLEANUP(mem_freep) char *name = *i->name.path ? reference_format(&i->name) : NULL;
	struct json *data = json_object();

	json_set_str(data, "reference", name);
	json_set_int(data, "bytes", i->bytes);
	json_set_int(data, "ms", ms);
	event_tell(r->events, EVENT_INFO, "pull", data, "%.1f MiB were new in %.1f s; %s%s",
	           (double)i->bytes / MIB, (double)ms / 1000,
	           !name             ? "it does not say its name"
	           : i->named_inside ? "it says that it is "
	                             : "taken as ",
	           name ? name : "");
}

int local_import(struct err *e, struct run *r, const struct origin *o, struct import *ret)
{
	static int (*const ways[])(struct err * e, struct run * r, const struct origin *o,
	                           struct import *ret) = {
		[ORIGIN_FILE] = import_file,
		[ORIGIN_ENGINE] = import_engine,
	};
	int64_t start = clock_ms();
	const char *why;
	int failed;

	event_tell(r->events, EVENT_INFO, "pull", NULL, "%s", o->text);
	failed = o->kind == ORIGIN_STDIN ? import_fd(e, r, o, STDIN_FILENO, ret)
	                                 : ways[o->kind](e, r, o, ret);
	if (failed < 0) {
		why = run_interrupted(r);
		return why ? err_set(e, ERR_RETRY, "%s; nothing was touched", why) : -1;
	}
	tell(r, ret, clock_ms() - start);
	return 0;
}
