/* SPDX-License-Identifier: MIT */
#include "os/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "os/file.h"

static _Noreturn void run_child(const char *const *argv, const char *const *env, int in, int out,
                                int err)
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
	if (env)
		environ = (char **)(uintptr_t)env;
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

int process_input(struct err *e, const void *data, size_t len, int *ret)
{
	CLEANUP(mem_closep) int fd = memfd_create("input", MFD_CLOEXEC);

	if (fd < 0)
		return err_sys(e, "cannot create a file in memory");
	if (file_write_all(e, fd, "input", data, len) < 0)
		return -1;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(e, "cannot rewind a file in memory");
	*ret = mem_steal_fd(&fd);
	return 0;
}

int process_start(struct err *e, const char *const *argv, const char *const *env, int in,
                  bool merge_stderr, struct child *ret)
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
		run_child(argv, env, in, out[1], merge_stderr ? out[1] : err[1]);
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

static void close_one(int *fd)
{
	close(*fd);
	*fd = -1;
}

/* Takes what is there and as much of it as there is room for; false when the other side has closed. */
static bool drain(int fd, size_t max, struct str *to, bool *ret_more)
{
	char buf[4096];
	ssize_t n = read(fd, buf, sizeof(buf));

	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	if (to->len + (size_t)n <= max)
		str_add(to, buf, (size_t)n);
	else
		*ret_more = true;
	explicit_bzero(buf, sizeof(buf));
	return n > 0;
}

enum hearing { HEARD, TOO_LATE, TOO_MUCH };

/* Reads both until the program has closed them. */
static enum hearing listen_to(struct child *c, const struct process *p, struct str *out,
                              struct str *err)
{
	size_t max = p->output_max ? p->output_max : PROCESS_OUTPUT_MAX;
	int64_t end = clock_ms() + p->timeout_ms;
	bool more = false, ignored = false;

	while (c->out >= 0 || c->err >= 0) {
		struct pollfd fds[] = { { .fd = c->out, .events = POLLIN },
			                { .fd = c->err, .events = POLLIN } };
		int64_t left = end - clock_ms();

		if (left <= 0 || (poll(fds, 2, (int)left) < 0 && errno != EINTR))
			return TOO_LATE;
		if (fds[0].revents && !drain(c->out, max, out, &more))
			close_one(&c->out);
		if (fds[1].revents && !drain(c->err, PROCESS_OUTPUT_MAX, err, &ignored))
			close_one(&c->err);
		if (more && p->output_max)
			return TOO_MUCH;
	}
	return process_wait_gone(c->pid, p->timeout_ms) ? HEARD : TOO_LATE;
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

static int unheard(struct err *e, const struct process *p, enum hearing h)
{
	if (h == TOO_MUCH)
		return err_set(e, ERR_PRECHECK, "'%s' says more than %zu bytes", p->argv[0],
		               p->output_max);
	return err_set(e, ERR_PRECHECK, "'%s' did not end within %lld s", p->argv[0],
	               (long long)(p->timeout_ms / 1000));
}

/* Did it come so far as to choose its exit status itself? */
static int check_end(struct err *e, const struct process *p, int status, struct str *said)
{
	if (WIFSIGNALED(status))
		return err_set(e, ERR_PRECHECK, "'%s' was killed by signal %d", p->argv[0],
		               WTERMSIG(status));
	if (WEXITSTATUS(status) == PROCESS_NO_EXEC)
		return err_set(e, ERR_PRECHECK, "cannot run '%s': %s", p->argv[0], last_line(said));
	return 0;
}

static int hear_out(struct err *e, const struct process *p, struct str *out, struct str *err,
                    int *ret_status)
{
	CLEANUP(process_close) struct child child = { .out = -1, .err = -1 };
	CLEANUP(mem_closep) int in = -1;
	enum hearing h;
	int status;

	if (p->input && process_input(e, p->input, p->input_len, &in) < 0)
		return -1;
	if (process_start(e, p->argv, p->env, in, p->merge_stderr, &child) < 0)
		return -1;
	h = listen_to(&child, p, out, err);
	if (h != HEARD)
		kill(-child.pid, SIGKILL);
	if (process_reap(e, &child, p->argv[0], &status) < 0)
		return -1;
	if (h != HEARD)
		return unheard(e, p, h);
	*ret_status = status;
	return check_end(e, p, status, err->len ? err : out);
}

int process_run(struct err *e, const struct process *p, struct str *ret)
{
	CLEANUP(str_release) struct str out = { 0 };
	CLEANUP(str_release) struct str err = { 0 };
	int status = 0;

	if (hear_out(e, p, &out, &err, &status) < 0)
		return -1;
	if (WEXITSTATUS(status) != 0)
		return err_set(e, ERR_PRECHECK, "'%s%s%s' failed with status %d: %s", p->argv[0],
		               p->argv[1] ? " " : "", p->argv[1] ? p->argv[1] : "",
		               WEXITSTATUS(status), last_line(err.len ? &err : &out));
	if (ret) {
		*ret = out;
		out = (struct str){ 0 };
	}
	return 0;
}

int process_ask(struct err *e, const struct process *p, int *ret_status, struct str *ret)
{
	/* room for all of it: a string that grows leaves copies behind */
	CLEANUP(str_wipe)
	struct str out = { .s = mem_alloc(p->output_max + 1), .cap = p->output_max + 1 };
	CLEANUP(str_wipe) struct str err = { 0 };
	int status = 0;

	if (hear_out(e, p, &out, &err, &status) < 0)
		return -1;
	*ret_status = WEXITSTATUS(status);
	*ret = out;
	out = (struct str){ 0 };
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
