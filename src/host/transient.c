/* SPDX-License-Identifier: MIT */
#include "host/transient.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "os/file.h"
#include "os/process.h"

#define LOOK_MS 100
#define CALL_TIMEOUT_MS 30000
#define WORDS 8 /* of systemd-run */
#define EXIT_NO_EXEC 127

/* Not a pipe: nobody has to write while the other side reads. */
static int input_of(struct err *e, const struct transient *t, int *ret)
{
	CLEANUP(mem_closep) int fd = memfd_create("input", MFD_CLOEXEC);

	if (fd < 0)
		return err_sys(e, "cannot create a file in memory");
	if (file_write_all(e, fd, "input", t->input, t->input_len) < 0)
		return -1;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(e, "cannot rewind a file in memory");
	*ret = mem_steal_fd(&fd);
	return 0;
}

struct pipes {
	int out[2], err[2];
};

static void close_pipes(struct pipes *p)
{
	mem_closep(&p->out[0]);
	mem_closep(&p->out[1]);
	mem_closep(&p->err[0]);
	mem_closep(&p->err[1]);
}

static _Noreturn void child(char *const *argv, int in, const struct pipes *p)
{
	setpgid(0, 0);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	dup2(in, STDIN_FILENO);
	dup2(p->out[1], STDOUT_FILENO);
	dup2(p->err[1], STDERR_FILENO);
	execvp(argv[0], argv);
	dprintf(STDERR_FILENO, "cannot run '%s': %s\n", argv[0], strerror(errno));
	_exit(EXIT_NO_EXEC);
}

static int start(struct err *e, const struct transient *t, int in, const struct pipes *p,
                 pid_t *ret)
{
	CLEANUP(mem_freep) char *unit = mem_printf("--unit=%s", t->unit);
	CLEANUP(mem_freep) char *description = mem_printf("--description=%s", t->description);
	const char *const words[WORDS] = { "systemd-run", "--quiet", "--collect", "--pipe",
		                           "--wait",      unit,      description, "--" };
	CLEANUP(mem_freep) const char **argv = NULL;
	int count = 0, n = 0;

	while (t->argv[count])
		count++;
	argv = mem_alloc(sizeof(*argv) * (size_t)(WORDS + count + 1));
	for (int i = 0; i < WORDS; i++)
		argv[n++] = words[i];
	for (int i = 0; i < count; i++)
		argv[n++] = t->argv[i];
	*ret = fork();
	if (*ret < 0)
		return err_sys(e, "cannot start '%s'", words[0]);
	if (*ret == 0)
		child((char *const *)(uintptr_t)argv, in, p);
	return 0;
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
static bool listen_to(const struct transient *t, struct pipes *p)
{
	bool interrupted = false;

	while (p->out[0] >= 0 || p->err[0] >= 0) {
		struct pollfd fds[] = { { .fd = p->out[0], .events = POLLIN },
			                { .fd = p->err[0], .events = POLLIN } };
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
			take(t, 1, &p->out[0]);
		if (fds[1].revents)
			take(t, 2, &p->err[0]);
	}
	return true;
}

int transient_run(struct err *e, const struct transient *t, int *ret_status)
{
	CLEANUP(close_pipes) struct pipes pipes = { { -1, -1 }, { -1, -1 } };
	CLEANUP(mem_closep) int in = -1;
	int status;
	pid_t pid;

	if (input_of(e, t, &in) < 0)
		return -1;
	if (pipe2(pipes.out, O_CLOEXEC) < 0 || pipe2(pipes.err, O_CLOEXEC) < 0)
		return err_sys(e, "cannot create a pipe");
	if (start(e, t, in, &pipes, &pid) < 0)
		return -1;
	close(pipes.out[1]);
	close(pipes.err[1]);
	pipes.out[1] = pipes.err[1] = -1;
	*ret_status = -1;
	/* systemd-run is the messenger: the unit does not end with it. */
	if (!listen_to(t, &pipes)) {
		kill(pid, SIGKILL);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		return 0;
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_sys(e, "cannot tell how unit '%s' ended", t->unit);
	*ret_status = WIFEXITED(status) ? WEXITSTATUS(status) : 255;
	return 0;
}
