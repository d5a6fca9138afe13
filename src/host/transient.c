/* SPDX-License-Identifier: MIT */
#include "host/transient.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "os/process.h"

#define LOOK_MS 100
#define CALL_TIMEOUT_MS 30000
#define SYSTEMD_RUN "systemd-run"
#define WORDS 8 /* of it */

static int start(struct err *e, const struct transient *t, int in, struct child *ret)
{
	CLEANUP(mem_freep) char *unit = mem_printf("--unit=%s", t->unit);
	CLEANUP(mem_freep) char *description = mem_printf("--description=%s", t->description);
	const char *const words[WORDS] = { SYSTEMD_RUN, "--quiet", "--collect", "--pipe",
		                           "--wait",    unit,      description, "--" };
	CLEANUP(mem_freep) const char **argv = NULL;
	int count = 0, n = 0;

	while (t->argv[count])
		count++;
	argv = mem_alloc(sizeof(*argv) * (size_t)(WORDS + count + 1));
	for (int i = 0; i < WORDS; i++)
		argv[n++] = words[i];
	for (int i = 0; i < count; i++)
		argv[n++] = t->argv[i];
	return process_start(e, argv, NULL, in, false, ret);
}

static void interrupt(const char *unit)
{
	const char *const argv[] = {
		"systemctl", "kill", "--kill-who=main", "--signal=SIGINT", "--", unit, NULL
	};
	struct process p = { .argv = argv, .timeout_ms = CALL_TIMEOUT_MS };
	struct err e;

	if (process_run(&e, &p, NULL) < 0)
		log_warn("%s", e.msg);
}

/* Takes what is there; closes the pipe when the other side has. */
static void take(const struct transient *t, int stream, int *fd)
{
	char buf[4096];
	ssize_t n = read(*fd, buf, sizeof(buf));

	if (n > 0) {
		t->output(stream, buf, (size_t)n, t->ctx);
	} else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
		close(*fd);
		*fd = -1;
	}
}

/* Until it has closed both; false when it is to be left. */
static bool listen_to(const struct transient *t, struct child *c)
{
	bool interrupted = false;

	while (c->out >= 0 || c->err >= 0) {
		struct pollfd fds[] = { { .fd = c->out, .events = POLLIN },
			                { .fd = c->err, .events = POLLIN } };
		enum transient_wish wish = t->wish ? t->wish(t->ctx) : TRANSIENT_GO_ON;

		if (wish == TRANSIENT_LEAVE)
			return false;
		if (wish == TRANSIENT_INTERRUPT && !interrupted) {
			interrupted = true;
			interrupt(t->unit);
		}
		if (poll(fds, 2, LOOK_MS) <= 0)
			continue;
		if (fds[0].revents)
			take(t, 1, &c->out);
		if (fds[1].revents)
			take(t, 2, &c->err);
	}
	return true;
}

int transient_run(struct err *e, const struct transient *t, int *ret_status)
{
	CLEANUP(process_close) struct child messenger = { .out = -1, .err = -1 };
	CLEANUP(mem_closep) int in = -1;
	bool left;
	int status;

	if (process_input(e, t->input, t->input_len, &in) < 0 || start(e, t, in, &messenger) < 0)
		return -1;
	/* The unit does not end with its messenger. */
	left = !listen_to(t, &messenger);
	if (left)
		kill(messenger.pid, SIGKILL);
	if (process_reap(e, &messenger, SYSTEMD_RUN, &status) < 0)
		return -1;
	if (!left && WIFEXITED(status) && WEXITSTATUS(status) == PROCESS_NO_EXEC)
		return err_set(e, ERR_PRECHECK, "cannot run '" SYSTEMD_RUN "'");
	*ret_status = left ? -1 : WIFEXITED(status) ? WEXITSTATUS(status) : 255;
	return 0;
}
