/* SPDX-License-Identifier: MIT */
#include "os/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

static _Noreturn void run_child(const char *const *argv, int in, int out, int err)
{
	sigset_t none;

	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	if (in < 0)
		in = open("/dev/null", O_RDONLY);
	if (in >= 0)
		dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	execvp(argv[0], (char *const *)(uintptr_t)argv);
	dprintf(STDERR_FILENO, "%s\n", strerror(errno));
	_exit(PROCESS_NO_EXEC);
}

void process_close(struct child *c)
{
	mem_closep(&c->out);
	mem_closep(&c->err);
	c->out = c->err = -1;
}

int process_start(struct err *e, const char *const *argv, int in, bool merge_stderr,
                  struct child *ret)
{
	int out[2] = { -1, -1 }, err[2] = { -1, -1 };

	*ret = (struct child){ .out = -1, .err = -1 };
	if (pipe2(out, O_CLOEXEC) < 0)
		return err_sys(e, "cannot create a pipe");
	ret->out = out[0];
	if (!merge_stderr && pipe2(err, O_CLOEXEC) < 0) {
		err_sys(e, "cannot create a pipe");
		close(out[1]);
		return -1;
	}
	ret->err = err[0];
	ret->pid = fork();
	if (ret->pid == 0)
		run_child(argv, in, out[1], merge_stderr ? out[1] : err[1]);
	if (ret->pid < 0)
		err_sys(e, "cannot start '%s'", argv[0]);
	close(out[1]);
	mem_closep(&err[1]);
	return ret->pid < 0 ? -1 : 0;
}

int process_reap(struct err *e, const struct child *c, const char *name, int *ret)
{
	while (waitpid(c->pid, ret, 0) < 0)
		if (errno != EINTR)
			return err_sys(e, "cannot tell how '%s' ended", name);
	return 0;
}

/* Takes what is there; false when the other side has closed. */
static bool drain(int fd, struct str *to)
{
	char buf[4096];
	ssize_t n = read(fd, buf, sizeof(buf));

	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	if (to->len + (size_t)n <= PROCESS_OUTPUT_MAX)
		str_add(to, buf, (size_t)n);
	return n > 0;
}

/* Reads both until the program has closed them; false when the time is up. */
static bool listen_to(struct child *c, int64_t timeout_ms, struct str *out, struct str *err)
{
	int64_t end = clock_ms() + timeout_ms;

	while (c->out >= 0 || c->err >= 0) {
		struct pollfd fds[] = { { .fd = c->out, .events = POLLIN },
			                { .fd = c->err, .events = POLLIN } };
		int64_t left = end - clock_ms();

		if (left <= 0)
			return false;
		if (poll(fds, 2, (int)left) < 0 && errno != EINTR)
			return false;
		if (fds[0].revents && !drain(c->out, out)) {
			close(c->out);
			c->out = -1;
		}
		if (fds[1].revents && !drain(c->err, err)) {
			close(c->err);
			c->err = -1;
		}
	}
	return true;
}

static const char *last_line(struct str *s)
{
	char *line;

	while (s->len && strchr("\n\r \t", s->s[s->len - 1]))
		s->s[--s->len] = '\0';
	if (!s->len)
		return "it said nothing";
	line = strrchr(s->s, '\n');
	return line ? line + 1 : s->s;
}

static int verdict(struct err *e, const struct process *p, int status, bool in_time,
                   struct str *said)
{
	const char *name = p->argv[0];

	if (!in_time)
		return err_set(e, ERR_PRECHECK, "'%s' did not end within %lld s", name,
		               (long long)(p->timeout_ms / 1000));
	if (WIFSIGNALED(status))
		return err_set(e, ERR_PRECHECK, "'%s' was killed by signal %d", name,
		               WTERMSIG(status));
	if (WEXITSTATUS(status) == PROCESS_NO_EXEC)
		return err_set(e, ERR_PRECHECK, "cannot run '%s': %s", name, last_line(said));
	if (WEXITSTATUS(status) != 0)
		return err_set(e, ERR_PRECHECK, "'%s%s%s' failed with status %d: %s", name,
		               p->argv[1] ? " " : "", p->argv[1] ? p->argv[1] : "",
		               WEXITSTATUS(status), last_line(said));
	return 0;
}

int process_run(struct err *e, const struct process *p, struct str *ret)
{
	CLEANUP(process_close) struct child child = { .out = -1, .err = -1 };
	CLEANUP(str_release) struct str out = { 0 };
	CLEANUP(str_release) struct str err = { 0 };
	bool in_time;
	int status;

	if (process_start(e, p->argv, -1, p->merge_stderr, &child) < 0)
		return -1;
	in_time = listen_to(&child, p->timeout_ms, &out, &err) &&
	          process_wait_gone(child.pid, p->timeout_ms);
	if (!in_time)
		kill(-child.pid, SIGKILL);
	if (process_reap(e, &child, p->argv[0], &status) < 0 ||
	    verdict(e, p, status, in_time, err.len ? &err : &out) < 0)
		return -1;
	if (ret) {
		*ret = out;
		out = (struct str){ 0 };
	}
	return 0;
}

bool process_runs_file(pid_t pid, const char *path)
{
	struct stat running, file;
	char exe[64];

	snprintf(exe, sizeof(exe), "/proc/%d/exe", (int)pid);
	return pid > 0 && stat(exe, &running) == 0 && stat(path, &file) == 0 &&
	       running.st_dev == file.st_dev && running.st_ino == file.st_ino;
}

bool process_wait_gone(pid_t pid, int64_t timeout_ms)
{
	CLEANUP(mem_closep) int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	int64_t end = clock_ms() + timeout_ms;

	if (fd < 0 && errno == ESRCH)
		return true;
	for (;;) {
		int64_t left = end - clock_ms();

		/* Kernels before 5.3 have no such descriptor: ask now and then. */
		if (fd < 0) {
			if (kill(pid, 0) < 0 && errno == ESRCH)
				return true;
			clock_sleep_ms(5);
		} else if (poll(&wait, 1, left > 0 ? (int)left : 0) > 0) {
			return true;
		}
		if (left <= 0)
			return false;
	}
}
