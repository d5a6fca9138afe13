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

#define EXIT_NO_EXEC 127

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

static _Noreturn void child(const struct process *p, const struct pipes *pipes)
{
	int null = open("/dev/null", O_RDONLY);
	sigset_t none;

	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	if (null >= 0)
		dup2(null, STDIN_FILENO);
	dup2(pipes->out[1], STDOUT_FILENO);
	dup2(p->merge_stderr ? pipes->out[1] : pipes->err[1], STDERR_FILENO);
	execvp(p->argv[0], (char *const *)(uintptr_t)p->argv);
	dprintf(STDERR_FILENO, "%s\n", strerror(errno));
	_exit(EXIT_NO_EXEC);
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
static bool listen_to(struct pipes *p, int64_t timeout_ms, struct str *out, struct str *err)
{
	int64_t end = clock_ms() + timeout_ms;

	while (p->out[0] >= 0 || p->err[0] >= 0) {
		struct pollfd fds[] = { { .fd = p->out[0], .events = POLLIN },
			                { .fd = p->err[0], .events = POLLIN } };
		int64_t left = end - clock_ms();

		if (left <= 0)
			return false;
		if (poll(fds, 2, (int)left) < 0 && errno != EINTR)
			return false;
		if (fds[0].revents && !drain(p->out[0], out)) {
			close(p->out[0]);
			p->out[0] = -1;
		}
		if (fds[1].revents && !drain(p->err[0], err)) {
			close(p->err[0]);
			p->err[0] = -1;
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
	if (WEXITSTATUS(status) == EXIT_NO_EXEC)
		return err_set(e, ERR_PRECHECK, "cannot run '%s': %s", name, last_line(said));
	if (WEXITSTATUS(status) != 0)
		return err_set(e, ERR_PRECHECK, "'%s%s%s' failed with status %d: %s", name,
		               p->argv[1] ? " " : "", p->argv[1] ? p->argv[1] : "",
		               WEXITSTATUS(status), last_line(said));
	return 0;
}

int process_run(struct err *e, const struct process *p, struct str *ret)
{
	CLEANUP(close_pipes) struct pipes pipes = { { -1, -1 }, { -1, -1 } };
	CLEANUP(str_release) struct str out = { 0 };
	CLEANUP(str_release) struct str err = { 0 };
	bool in_time;
	int status;
	pid_t pid, waited;

	if (pipe2(pipes.out, O_CLOEXEC) < 0 || pipe2(pipes.err, O_CLOEXEC) < 0)
		return err_sys(e, "cannot create a pipe");
	pid = fork();
	if (pid < 0)
		return err_sys(e, "cannot start '%s'", p->argv[0]);
	if (pid == 0)
		child(p, &pipes);
	close(pipes.out[1]);
	close(pipes.err[1]);
	pipes.out[1] = pipes.err[1] = -1;
	in_time = listen_to(&pipes, p->timeout_ms, &out, &err) &&
	          process_wait_gone(pid, p->timeout_ms);
	if (!in_time)
		kill(-pid, SIGKILL);
	while ((waited = waitpid(pid, &status, 0)) < 0 && errno == EINTR)
		;
	if (waited < 0)
		return err_sys(e, "cannot tell how '%s' ended", p->argv[0]);
	if (verdict(e, p, status, in_time, err.len ? &err : &out) < 0)
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
