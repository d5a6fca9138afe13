/* SPDX-License-Identifier: MIT */
#include "cli/place.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "cli/report.h"
#include "engine/engine.h"
#include "host/container.h"
#include "host/root.h"
#include "host/systemd.h"
#include "oci/origin.h"
#include "upgrade/bundle.h"
#include "upgrade/follow.h"
#include "upgrade/helper.h"
#include "upgrade/outside.h"

/* What Kubernetes shows of a container that has ended. */
#define TERMINATION_LOG "/dev/termination-log"

/*
 * What the image is named by is to be the same for who carries the command out elsewhere. `away`: in
 * another place than this one, where a path from here means nothing. The caller frees *ret_path.
 */
static int settle_argument(struct err *e, const struct command *cmd, struct cli *c, bool away,
                           char **ret_path)
{
	CLEANUP(origin_release) struct origin o = { 0 };

	if (!c->argument || !(cmd->options & OPTIONS_IMAGE) || (!away && !c->detach))
		return 0;
	if (origin_parse(e, c->argument, c->as, &o) < 0)
		return -1;
	if (o.kind == ORIGIN_STDIN)
		return err_set(e, ERR_USAGE,
		               "'-' cannot go along to where the run is carried out: name a file");
	if (o.kind == ORIGIN_FILE && away && *c->argument != '/')
		return err_set(e, ERR_USAGE,
		               "'%s' is looked for on the host: give its absolute path there",
		               c->argument);
	if (o.kind == ORIGIN_FILE)
		c->argument = *ret_path = mem_dup(o.place);
	return 0;
}

static int need_argument(struct err *e, const struct command *cmd, const struct cli *c)
{
	if (cmd->argument && !cmd->argument_optional && !c->argument)
		return err_set(e, ERR_USAGE, "'nodelift %s' needs %s", cmd->name, cmd->argument);
	return 0;
}

static int run_here(struct err *e, const struct command *cmd, struct cli *c)
{
	return need_argument(e, cmd, c) < 0 ? -1 : cmd->run(e, c);
}

/* The words once more, with the argument last. The caller frees the array. */
static const char **words_again(const struct command *cmd, const struct cli *c, char *const *words,
                                bool on_host)
{
	const char **again = options_again(cmd, words, on_host);
	int n = 0;

	while (again[n])
		n++;
	again = mem_grow(again, (size_t)n + 5, sizeof(*again));
	if (on_host && c->settings.socket) {
		again[n++] = "--socket";
		again[n++] = c->settings.socket;
	}
	if (c->argument) {
		again[n++] = "--";
		again[n++] = c->argument;
	}
	again[n] = NULL;
	return again;
}

static void pass_on(int stream, const void *data, size_t len, void *ctx)
{
	const char *p = data;

	(void)ctx;
	while (len) {
		ssize_t n = write(stream == STDERR_FILENO ? STDERR_FILENO : STDOUT_FILENO, p, len);

		if (n <= 0)
			return; /* nobody reads it */
		p += n;
		len -= (size_t)n;
	}
}

/* ---- on the host, by a process of its own ---- */

static void complain(const char *data, size_t len)
{
	pass_on(STDERR_FILENO, data, len, NULL);
}

/* In a container SIGTERM is the engine's word, which stops for the upgrade: it is not the user's. */
static enum transient_wish wish(void *ctx)
{
	(void)ctx;
	switch (interrupt_signal()) {
	case 0:
		return TRANSIENT_GO_ON;
	case SIGINT:
		return TRANSIENT_INTERRUPT;
	default:
		return TRANSIENT_LEAVE;
	}
}

static int run_outside(struct err *e, const struct command *cmd, struct cli *c, char *const *words,
                       const struct json *bundle)
{
	CLEANUP(events_release) struct events events;
	CLEANUP(mem_freep) const char **again = words_again(cmd, c, words, true);
	CLEANUP(json_freep) struct json *result = NULL;
	struct outside o = {
		.settings = &c->settings,
		.events = &events,
		.command = cmd->name,
		.words = again,
		.bundle = bundle,
		.detach = c->detach,
		.wish = wish,
		.complain = complain,
	};

	events_init(&events);
	report_listen(&events, c);
	if (outside_run(e, &o, &result) < 0)
		return -1;
	report_result(c, result);
	return follow_verdict(e, result);
}

static int detach(struct err *e, const struct command *cmd, struct cli *c, char *const *words)
{
	CLEANUP(json_freep) struct json *followers = json_array();
	CLEANUP(json_freep) struct json *bundle = NULL;

	if (need_argument(e, cmd, c) < 0 ||
	    bundle_collect(e, &c->settings, 0, followers, &bundle) < 0)
		return -1;
	return run_outside(e, cmd, c, words, bundle);
}

/* ---- in a container that may enter the host ---- */

/* "PID:ID" of the container that asked for this one; *ret_pid 0: nobody did. */
static int take_client(struct err *e, const struct cli *c, pid_t *ret_pid, const char **ret_id)
{
	struct container_hints hints;
	char *rest;

	*ret_pid = 0;
	*ret_id = NULL;
	if (!c->client)
		return 0;
	*ret_pid = (pid_t)strtol(c->client, &rest, 10);
	*ret_id = rest + 1;
	if (*ret_pid <= 0 || *rest != ':' || !**ret_id)
		return err_set(e, ERR_USAGE, "--client needs PID:ID, not '%s'", c->client);
	container_hints(*ret_pid, &hints);
	for (int i = 0; i < hints.count; i++)
		if (strcmp(hints.ids[i], *ret_id) == 0)
			return 0;
	return err_set(e, ERR_RETRY, "the container that asked has ended: nothing was touched");
}

/* -1: there is none. To be opened here: on the host it has no name. */
static int open_termination_log(const struct cli *c)
{
	return c->client ? -1 : open(TERMINATION_LOG, O_WRONLY | O_TRUNC | O_CLOEXEC);
}

static void write_termination_log(int fd, const struct err *e, bool failed)
{
	enum err_code code = failed ? e->code : ERR_NONE;

	if (fd >= 0)
		dprintf(fd, "%s (%d)%s%s\n", err_table[code].name, err_table[code].status,
		        failed ? ": " : "", failed ? e->msg : "");
}

static int collect(struct err *e, const struct cli *c, struct json **ret)
{
	CLEANUP(json_freep) struct json *followers = json_array();
	struct container_hints own;
	const char *client;
	pid_t pid;

	if (take_client(e, c, &pid, &client) < 0)
		return -1;
	if (client)
		json_push(followers, json_new_str(client));
	container_hints(0, &own);
	for (int i = 0; i < own.count; i++)
		json_push(followers, json_new_str(own.ids[i]));
	return bundle_collect(e, &c->settings, pid, followers, ret);
}

static int run_on_host(struct err *e, const struct command *cmd, struct cli *c, char *const *words,
                       struct json **bundle)
{
	if (need_argument(e, cmd, c) < 0 || collect(e, c, bundle) < 0 ||
	    root_enter(e, c->host_root) < 0)
		return -1;
	if (!systemd_is_running())
		return err_set(e, ERR_PRECHECK,
		               "no systemd on the host: it must be the init of the node");
	if (cmd->options & OPTIONS_RUN)
		return run_outside(e, cmd, c, words, *bundle);
	if (bundle_apply(e, *bundle, &c->settings) < 0)
		return -1;
	return run_here(e, cmd, c);
}

/* ---- in a container that has the engine's socket ---- */

/* Everything on one stream: where our stderr is a terminal. */
static void pass_on_terminal(int stream, const void *data, size_t len, void *ctx)
{
	(void)stream;
	pass_on(STDERR_FILENO, data, len, ctx);
}

static int run_inside(struct err *e, const struct command *cmd, struct cli *c, char *const *words,
                      const struct inside *i, int *ret_status)
{
	CLEANUP(mem_freep) char *carried = NULL;
	CLEANUP(mem_freep) const char **again = NULL;
	struct helper_request q = {
		.command = cmd->name,
		.terminal = isatty(STDERR_FILENO) && isatty(STDOUT_FILENO),
		.is_run = cmd->options & OPTIONS_RUN,
		.signal = interrupt_signal,
	};
	int failed;

	if (cmd->argument_carried && !c->argument) {
		if (inside_image(e, i, &carried) < 0)
			return -1;
		c->argument = carried;
	}
	again = words_again(cmd, c, words, false);
	q.words = again;
	q.take = q.terminal ? pass_on_terminal : pass_on;
	failed = need_argument(e, cmd, c) < 0 || helper_run(e, i, &q, ret_status) < 0;
	c->argument = NULL;
	return failed ? -1 : 0;
}

/* Where we are is neither a host nor a container that the engine knows. */
static int nowhere(struct err *e, const struct cli *c)
{
	const char *socket = c->settings.socket ? c->settings.socket : engine_usual_socket();
	struct container_hints hints;

	container_hints(0, &hints);
	if (!hints.count || systemd_is_running())
		return 0;
	if (!socket)
		return err_set(e, ERR_PRECHECK,
		               "neither systemd nor an engine here: mount the engine's socket into "
		               "this container "
		               "(docker run -v /var/run/docker.sock:/var/run/docker.sock)");
	return err_set(e, ERR_PRECHECK,
	               "the engine at '%s' does not know this container: it is not this node's",
	               socket);
}

/* An engine somewhere else is no engine of this node. */
static int heed_docker_host(struct err *e, struct cli *c)
{
	static const char local[] = "unix://";
	const char *host = getenv("DOCKER_HOST");

	if (!host || !*host || c->settings.socket)
		return 0;
	if (!str_starts(host, local))
		return err_set(e, ERR_PRECHECK,
		               "DOCKER_HOST names an engine that is not this node's: '%s'", host);
	c->settings.socket = host + strlen(local);
	return 0;
}

/* ---- which of them ---- */

int place_run(struct err *e, const struct command *cmd, struct cli *c, char *const *words,
              int *ret_status)
{
	CLEANUP(json_freep) struct json *bundle = NULL;
	CLEANUP(inside_release) struct inside inside = { 0 };
	CLEANUP(mem_freep) char *path = NULL;

	*ret_status = 0;
	if (!(cmd->options & OPTIONS_PLACE) || c->at_boot)
		return run_here(e, cmd, c);
	if (c->handed_over) {
		if (bundle_read(e, &bundle) < 0 || bundle_apply(e, bundle, &c->settings) < 0)
			return -1;
		return run_here(e, cmd, c);
	}
	if (c->host_root && settle_argument(e, cmd, c, true, &path) < 0)
		return -1;
	if (c->host_root) {
		CLEANUP(mem_closep) int log = open_termination_log(c);
		int failed = run_on_host(e, cmd, c, words, &bundle);

		write_termination_log(log, e, failed < 0);
		return failed;
	}
	if (heed_docker_host(e, c) < 0)
		return -1;
	if (!systemd_is_our_init()) {
		if (inside_look(e, &c->settings, &inside) < 0)
			return -1;
		if (inside.id)
			return settle_argument(e, cmd, c, true, &path) < 0
			               ? -1
			               : run_inside(e, cmd, c, words, &inside, ret_status);
		if (nowhere(e, c) < 0)
			return -1;
	}
	if (settle_argument(e, cmd, c, false, &path) < 0)
		return -1;
	if (c->detach)
		return detach(e, cmd, c, words);
	return run_here(e, cmd, c);
}
