/* SPDX-License-Identifier: MIT */
#include "upgrade/helper.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/container.h"
#include "host/container.h"
#include "host/root.h"

#define API_NEEDED "1.30" /* waits for the next end of a container */
#define LABEL "nodelift.helper"
#define PATH_TEXT_MAX 4096
#define BACK_MS 180000 /* how long the engine may be away */
#define LOOK_MS 200
#define LAST_WORD_MS 10000 /* how long an engine may take to see its containers again */
#define A_HELPER "a container that may enter the host (run nodelift on the host instead)"
#define LOST_STATUS 125 /* and above: the helper was not ended by its own program */

/* ---- what it is ---- */

/* Where the file that we see at `path` is on the host; NULL: it is not mounted from there. */
static char *path_on_host(const struct json *document, const char *path)
{
	for (const struct json *m = json_first(json_get(document, "Mounts")); m; m = json_next(m)) {
		const char *at = json_str(m, "Destination"), *from = json_str(m, "Source");
		size_t len = at ? strlen(at) : 0;

		if (at && from && strncmp(path, at, len) == 0 &&
		    (path[len] == '\0' || path[len] == '/'))
			return mem_printf("%s%s", from, path + len);
	}
	return NULL;
}

static struct json *array_of(const char *const *items)
{
	struct json *a = json_array();

	for (; *items; items++)
		json_push(a, json_new_str(*items));
	return a;
}

static struct json *command_of(const struct inside *i, const struct helper_request *q)
{
	const char *const begin[] = { q->command, "--host-root", ROOT_OF_HOST, NULL };
	const struct json *state = json_get(i->document, "State");
	CLEANUP(mem_freep)
	char *client = mem_printf("%lld:%s", (long long)json_int(state, "Pid", 0), i->id);
	CLEANUP(mem_freep) char *socket = path_on_host(i->document, i->socket);
	struct json *words = array_of(begin);

	json_push(words, json_new_str("--client"));
	json_push(words, json_new_str(client));
	if (socket) {
		json_push(words, json_new_str("--socket"));
		json_push(words, json_new_str(socket));
	}
	for (const char *const *w = q->words; *w; w++)
		json_push(words, json_new_str(*w));
	return words;
}

static struct json *host_config(void)
{
	struct json *log = json_object(), *config = json_object();

	json_set_str(log, "Type",
	             "json-file"); /* whatever the daemon's default is: it can be read */
	json_set_bool(config, "Privileged", true);
	json_set_bool(config, "AutoRemove", true);
	json_set_bool(config, "ReadonlyRootfs", true);
	json_set_str(config, "PidMode", "host");
	json_set_str(config, "UsernsMode", "host");
	json_set_str(config, "NetworkMode", "none");
	json_set(config, "LogConfig", log);
	return config;
}

static int helper_config(struct err *e, const struct inside *i, const struct helper_request *q,
                         struct json **ret)
{
	static const char *const no_check[] = { "NONE", NULL };
	struct json *config, *labels, *health, *entry;
	char self[PATH_TEXT_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n < 0)
		return err_sys(e, "cannot tell where this program is");
	self[n] = '\0';
	config = json_object();
	labels = json_object();
	health = json_object();
	entry = json_array();
	json_push(entry, json_new_str(self));
	json_set_str(labels, LABEL, i->id);
	json_set(health, "Test", array_of(no_check));
	json_set_str(config, "Image", json_str(i->document, "Image"));
	json_set(config, "Entrypoint", entry);
	json_set(config, "Cmd", command_of(i, q));
	json_set_str(config, "User", "0:0");
	json_set_str(config, "WorkingDir", "/");
	json_set_bool(config, "Tty", q->terminal);
	json_set(config, "Labels", labels);
	json_set(config, "Healthcheck", health);
	json_set(config, "HostConfig", host_config());
	*ret = config;
	return 0;
}

/* ---- following it ---- */

struct watch {
	const struct inside *inside;
	const struct helper_request *request;
	char *helper; /* its id */
	bool forwarded;
	/* Of the thread that waits for its end. */
	sem_t waits;
	bool is_known;
	int status;
};

/* Asked several times a second while a request waits. */
static bool stop(void *ctx)
{
	struct watch *w = ctx;
	int number = w->request->signal();
	CLEANUP(engine_closep) struct engine *g = NULL;
	struct err e;

	if (number == SIGINT && !w->forwarded && w->helper) {
		w->forwarded = true;
		if (engine_open(&e, w->inside->socket, ENGINE_TIMEOUT_MS, &g) < 0 ||
		    container_signal(&e, g, w->helper, "SIGINT") < 0)
			log_warn("%s", e.msg);
	}
	return number && number != SIGINT;
}

static void it_waits(void *ctx)
{
	struct watch *w = ctx;

	sem_post(&w->waits);
}

static void *wait_for_end(void *ctx)
{
	struct watch *w = ctx;
	CLEANUP(engine_closep) struct engine *g = NULL;
	struct err e;

	if (engine_open(&e, w->inside->socket, ENGINE_TIMEOUT_MS, &g) < 0 ||
	    container_wait(&e, g, w->helper, it_waits, w, &w->status) < 0)
		log_debug("%s", e.msg);
	else
		w->is_known = true;
	sem_post(&w->waits);
	return NULL;
}

/* From before its start on, so that its end cannot be missed. */
static int start_helper(struct err *e, struct watch *w, struct engine *g, pthread_t *ret)
{
	struct json *config = NULL;
	CLEANUP(mem_freep)
	char *name = mem_printf("nodelift-%.12s-%lld", w->inside->id, (long long)clock_ms());
	int failed;

	if (helper_config(e, w->inside, w->request, &config) < 0)
		return -1;
	failed = container_create(e, g, name, config, &w->helper);
	json_free(config);
	if (failed)
		return err_wrap(e, "cannot make " A_HELPER);
	if (pthread_create(ret, NULL, wait_for_end, w) != 0) {
		err_set(e, ERR_PRECHECK, "cannot start a thread");
	} else {
		sem_wait(&w->waits);
		if (container_start(e, g, w->helper) == 0)
			return 0;
		err_wrap(e, "cannot start " A_HELPER);
		pthread_detach(*ret);
	}
	if (container_remove(&(struct err){ 0 }, g, w->helper) < 0)
		log_debug("the helper was not removed");
	return -1;
}

/* The socket was made anew on the host: what is mounted here is a name of nothing. */
static bool socket_is_dead(const char *path)
{
	struct stat st;

	return stat(path, &st) < 0 || st.st_nlink == 0;
}

/* A container that ends while the engine is away has no exit status, and its last line is lost. */
static void await_unseen_engine(struct watch *w)
{
	int64_t end = clock_ms() + LAST_WORD_MS;

	while (clock_ms() < end && !stop(w))
		clock_sleep_ms(LOOK_MS);
}

static int detached(struct err *e, const char *why)
{
	return err_set(e, ERR_DETACHED,
	               "%sthe command goes on on the host: 'nodelift wait' tells its end", why);
}

/* The engine was there and is not: until it is back. */
static int come_back(struct err *e, struct watch *w, struct engine **ret)
{
	int64_t end = clock_ms() + BACK_MS;

	while (clock_ms() < end) {
		if (engine_open_stoppable(e, w->inside->socket, LOOK_MS, stop, w, ret) == 0)
			return 0;
		if (stop(w))
			return detached(e, "");
		if (socket_is_dead(w->inside->socket)) {
			await_unseen_engine(w);
			return detached(e, "the engine made a new socket, which a container that "
			                   "had the old one cannot see; ");
		}
		clock_sleep_ms(LOOK_MS);
	}
	return detached(e, "the engine does not come back; ");
}

/* All that the helper says until it has ended, over restarts of the engine. */
static int follow(struct err *e, struct watch *w, struct engine **g)
{
	struct container_output o = { .terminal = w->request->terminal, .take = w->request->take };
	CLEANUP(json_freep) struct json *document = NULL;

	for (;;) {
		int failed = container_output(e, *g, w->helper, &o);

		if (stop(w))
			return detached(e, "");
		if (failed) {
			engine_close(*g);
			*g = NULL;
			if (come_back(e, w, g) < 0)
				return -1;
		}
		json_free(document);
		document = NULL;
		if (container_inspect(e, *g, w->helper, &document) < 0)
			continue;
		if (!document || !json_bool(json_get(document, "State"), "Running", false))
			return 0;
	}
}

static int refuse(struct err *e, struct engine *g, const char *socket)
{
	struct engine_info info;
	int failed = 0;

	if (!engine_speaks(g, API_NEEDED))
		return err_set(e, ERR_PRECHECK,
		               "the engine at '%s' is older than API %s: run nodelift on the host",
		               socket, API_NEEDED);
	if (engine_info(e, g, &info) < 0)
		return -1;
	if (info.rootless)
		failed = err_set(e, ERR_PRECHECK,
		                 "the engine at '%s' is rootless: it is not its node's", socket);
	else if (info.desktop)
		failed = err_set(e, ERR_PRECHECK,
		                 "the engine at '%s' is Docker Desktop's, whose updates replace it",
		                 socket);
	engine_info_release(&info);
	return failed;
}

static int run_once(struct err *e, const struct inside *i, const struct helper_request *q,
                    bool *ret_known, int *ret_status)
{
	struct watch *w = mem_alloc(sizeof(*w));
	CLEANUP(engine_closep) struct engine *g = NULL;
	pthread_t waiter = 0;

	w->inside = i;
	w->request = q;
	sem_init(&w->waits, 0, 0);
	/* On failure *w stays: a waiter that is still at it ends with this process. */
	if (engine_open_stoppable(e, i->socket, ENGINE_TIMEOUT_MS, stop, w, &g) < 0 ||
	    refuse(e, g, i->socket) < 0 || start_helper(e, w, g, &waiter) < 0)
		return -1;
	if (follow(e, w, &g) < 0) {
		pthread_detach(waiter);
		return -1;
	}
	pthread_join(waiter, NULL);
	*ret_known = w->is_known && w->status < LOST_STATUS;
	*ret_status = w->status;
	sem_destroy(&w->waits);
	free(w->helper);
	free(w);
	return 0;
}

int helper_run(struct err *e, const struct inside *i, const struct helper_request *q,
               int *ret_status)
{
	static const char *const none[] = { NULL };
	struct helper_request again = *q;
	bool known;

	if (run_once(e, i, q, &known, ret_status) < 0)
		return -1;
	if (known)
		return 0;
	/* The helper was killed, or nobody heard how it ended. The same once more follows a run that
	 * goes on, and begins one that never began; who asked to stop it wants to know no more than its
	 * end. */
	if (q->is_run && q->signal()) {
		again.command = "wait";
		again.words = none;
	}
	if (run_once(e, i, &again, &known, ret_status) < 0)
		return -1;
	if (known)
		return 0;
	return err_set(
		e, ERR_PRECHECK,
		"the engine ends what is to enter the host: run nodelift on the host instead");
}
