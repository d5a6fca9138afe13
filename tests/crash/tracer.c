/* SPDX-License-Identifier: MIT */
/*
 * tracer: runs a command and does something to it at its Nth call that changes the disk.
 *
 *	tracer [--root DIR] [--log FILE] [--record FILE] [--no-exchange] [--at N ACTION]
 *	       COMMAND [WORD ...]
 *
 *	before     SIGKILL, the call is not made
 *	after      SIGKILL, the call was made but has not returned
 *	errno:NUM  the call is not made and fails so
 *	short      a write or a copy takes half of what it was given
 *
 * With --no-exchange a rename with flags fails as on a filesystem that has none (EINVAL).
 * Counted are the calls of all threads of the command, not those of the programs that it starts;
 * writes only to regular files. FILE gets a line "N CALL SUBJECT" for each, --root is a chroot(2);
 * what --record writes is told in record.h.
 * Ends as the command does, with 128+SIGNAL when a signal killed it. x86-64 only.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "record.h"

#ifndef __x86_64__
#error "how a call is changed is written for x86-64"
#endif

#define TRACE_OPTIONS (PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL)
#define SUBJECT_MAX 512
#define NO_ARGUMENT (-1)
#define THREADS_MAX 64

enum what { PATH, OPEN, DESCRIPTOR, WRITE, CLONE_IOCTL };

/* What changes a disk. `subject` is the argument that names the file, `size` the one that a short
 * write halves. */
static const struct call {
	long number;
	const char *name;
	enum what what;
	int subject, size;
} calls[] = {
	{ SYS_open, "open", OPEN, 0, NO_ARGUMENT },
	{ SYS_openat, "openat", OPEN, 1, NO_ARGUMENT },
	{ SYS_creat, "creat", PATH, 0, NO_ARGUMENT },
	{ SYS_write, "write", WRITE, 0, 2 },
	{ SYS_pwrite64, "pwrite", WRITE, 0, 2 },
	{ SYS_writev, "writev", WRITE, 0, NO_ARGUMENT },
	{ SYS_copy_file_range, "copy_file_range", WRITE, 2, 4 },
	{ SYS_sendfile, "sendfile", WRITE, 0, 3 },
	{ SYS_ioctl, "ioctl(FICLONE)", CLONE_IOCTL, 0, NO_ARGUMENT },
	{ SYS_ftruncate, "ftruncate", DESCRIPTOR, 0, NO_ARGUMENT },
	{ SYS_fallocate, "fallocate", DESCRIPTOR, 0, NO_ARGUMENT },
	{ SYS_fsync, "fsync", DESCRIPTOR, 0, NO_ARGUMENT },
	{ SYS_fdatasync, "fdatasync", DESCRIPTOR, 0, NO_ARGUMENT },
	{ SYS_syncfs, "syncfs", DESCRIPTOR, 0, NO_ARGUMENT },
	{ SYS_fchmod, "fchmod", DESCRIPTOR, 0, NO_ARGUMENT },
	{ SYS_fchown, "fchown", DESCRIPTOR, 0, NO_ARGUMENT },
	{ SYS_fsetxattr, "fsetxattr", DESCRIPTOR, 0, NO_ARGUMENT },
	{ SYS_fremovexattr, "fremovexattr", DESCRIPTOR, 0, NO_ARGUMENT },
	{ SYS_truncate, "truncate", PATH, 0, NO_ARGUMENT },
	{ SYS_rename, "rename", PATH, 0, NO_ARGUMENT },
	{ SYS_renameat, "renameat", PATH, 1, NO_ARGUMENT },
	{ SYS_renameat2, "renameat2", PATH, 1, NO_ARGUMENT },
	{ SYS_link, "link", PATH, 0, NO_ARGUMENT },
	{ SYS_linkat, "linkat", PATH, 1, NO_ARGUMENT },
	{ SYS_symlink, "symlink", PATH, 1, NO_ARGUMENT },
	{ SYS_symlinkat, "symlinkat", PATH, 2, NO_ARGUMENT },
	{ SYS_unlink, "unlink", PATH, 0, NO_ARGUMENT },
	{ SYS_unlinkat, "unlinkat", PATH, 1, NO_ARGUMENT },
	{ SYS_rmdir, "rmdir", PATH, 0, NO_ARGUMENT },
	{ SYS_mkdir, "mkdir", PATH, 0, NO_ARGUMENT },
	{ SYS_mkdirat, "mkdirat", PATH, 1, NO_ARGUMENT },
	{ SYS_mknod, "mknod", PATH, 0, NO_ARGUMENT },
	{ SYS_chmod, "chmod", PATH, 0, NO_ARGUMENT },
	{ SYS_fchmodat, "fchmodat", PATH, 1, NO_ARGUMENT },
	{ SYS_chown, "chown", PATH, 0, NO_ARGUMENT },
	{ SYS_lchown, "lchown", PATH, 0, NO_ARGUMENT },
	{ SYS_fchownat, "fchownat", PATH, 1, NO_ARGUMENT },
	{ SYS_setxattr, "setxattr", PATH, 0, NO_ARGUMENT },
	{ SYS_lsetxattr, "lsetxattr", PATH, 0, NO_ARGUMENT },
	{ SYS_utimensat, "utimensat", PATH, 1, NO_ARGUMENT },
};

enum action { NOTHING, KILL_BEFORE, KILL_AFTER, FAIL, SHORTEN };

/* A call that changes the disk and has not returned yet. */
struct inside {
	pid_t tid; /* 0: none */
	long number;
	uint64_t args[6];
};

struct tracer {
	const char *root;
	FILE *log;
	struct recorder *recorder;
	struct inside inside[THREADS_MAX];
	bool no_exchange;
	enum action action;
	long at, error; /* the call that it is for, counted from 1 */
	long count;
	pid_t command, target; /* target: the thread that is in that call; 0: none */
};

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "tracer: %s: %s\n", what, strerror(errno));
	exit(125);
}

/* ---- which calls count */

static const struct call *find_call(long number)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (calls[i].number == number)
			return &calls[i];
	return NULL;
}

static bool is_regular(pid_t tid, uint64_t fd)
{
	char link[64];
	struct stat st;

	snprintf(link, sizeof(link), "/proc/%d/fd/%d", (int)tid, (int)fd);
	return stat(link, &st) == 0 && S_ISREG(st.st_mode);
}

static bool changes_disk(const struct call *c, pid_t tid, const uint64_t *args)
{
	switch (c->what) {
	case OPEN:
		return args[c->subject + 1] & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC);
	case WRITE:
		return is_regular(tid, args[c->subject]);
	case CLONE_IOCTL:
		return args[1] == FICLONE;
	default:
		return true;
	}
}

/* The path that a call is about, for people. */
static void subject_of(const struct call *c, pid_t tid, const uint64_t *args, char *ret)
{
	struct iovec local = { ret, SUBJECT_MAX - 1 };
	struct iovec remote = { (void *)(uintptr_t)args[c->subject], SUBJECT_MAX - 1 };
	char link[64];

	memset(ret, 0, SUBJECT_MAX);
	if (c->what == PATH || c->what == OPEN) {
		size_t page = 4096 - args[c->subject] % 4096;

		/* A text near the end of what is mapped: nothing behind its page is read. */
		if (page < remote.iov_len)
			remote.iov_len = page;
		if (process_vm_readv(tid, &local, 1, &remote, 1, 0) < 0)
			*ret = '\0';
		return;
	}
	snprintf(link, sizeof(link), "/proc/%d/fd/%d", (int)tid, (int)args[c->subject]);
	if (readlink(link, ret, SUBJECT_MAX - 1) < 0)
		*ret = '\0';
}

/* ---- what is done to them */

static void registers(pid_t tid, bool write, struct user_regs_struct *r)
{
	if (ptrace(write ? PTRACE_SETREGS : PTRACE_GETREGS, tid, NULL, r) < 0 && errno != ESRCH)
		die("registers");
}

/* The call is not made; at its exit the kernel says ENOSYS. */
static void skip_call(pid_t tid)
{
	struct user_regs_struct r;

	registers(tid, false, &r);
	r.orig_rax = (unsigned long long)-1;
	registers(tid, true, &r);
}

static void set_result(pid_t tid, long result)
{
	struct user_regs_struct r;

	registers(tid, false, &r);
	r.rax = (unsigned long long)result;
	registers(tid, true, &r);
}

static unsigned long long half(unsigned long long size)
{
	/* Copies are asked for without knowing the size: these files have more than 100 bytes. */
	return size > 1 << 20 ? 100 : size - size / 2;
}

static void shorten(pid_t tid, const struct call *c)
{
	struct user_regs_struct r;

	registers(tid, false, &r);
	if (c->size == 2)
		r.rdx = half(r.rdx);
	else if (c->size == 3)
		r.r10 = half(r.r10);
	else if (c->size == 4)
		r.r8 = half(r.r8);
	registers(tid, true, &r);
}

static struct inside *find_inside(struct tracer *t, pid_t tid)
{
	for (size_t i = 0; i < THREADS_MAX; i++)
		if (t->inside[i].tid == tid)
			return &t->inside[i];
	return NULL;
}

static void remember(struct tracer *t, pid_t tid, const struct call *c, const uint64_t *args)
{
	struct inside *free = find_inside(t, 0);

	if (!free)
		die("too many threads");
	*free = (struct inside){ .tid = tid, .number = c->number };
	memcpy(free->args, args, sizeof(free->args));
}

static void at_entry(struct tracer *t, pid_t tid, const struct __ptrace_syscall_info *info)
{
	const uint64_t *args = (const uint64_t *)info->entry.args;
	const struct call *c = find_call((long)info->entry.nr);
	char subject[SUBJECT_MAX];

	if (!c || !changes_disk(c, tid, args))
		return;
	t->count++;
	if (t->log) {
		subject_of(c, tid, args, subject);
		fprintf(t->log, "%ld %s %s\n", t->count, c->name, subject);
	}
	if (t->recorder)
		remember(t, tid, c, args);
	if (t->count != t->at)
		return;
	t->target = tid;
	if (t->action == KILL_BEFORE) {
		skip_call(tid);
		kill(t->command, SIGKILL);
	} else if (t->action == FAIL) {
		skip_call(tid);
	} else if (t->action == SHORTEN) {
		shorten(tid, c);
	}
}

static void at_exit(struct tracer *t, pid_t tid, const struct __ptrace_syscall_info *info)
{
	struct inside *call = find_inside(t, tid);

	if (call) {
		if (!info->exit.is_error)
			record_call(t->recorder, tid, call->number, call->args, info->exit.rval);
		call->tid = 0;
	}
	if (t->target != tid)
		return;
	t->target = 0;
	if (t->action == KILL_AFTER)
		kill(t->command, SIGKILL);
	else if (t->action == FAIL)
		set_result(tid, -t->error);
}

static void at_syscall(struct tracer *t, pid_t tid)
{
	struct __ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, tid, sizeof(info), &info) < 0)
		return; /* killed meanwhile */
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
		at_entry(t, tid, &info);
	else if (info.op == PTRACE_SYSCALL_INFO_EXIT)
		at_exit(t, tid, &info);
}

/* ---- the command */

/* For it and for what it starts. */
static void forbid_exchange(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_renameat2, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[4])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		die("seccomp");
}

static _Noreturn void child(const struct tracer *t, char **argv)
{
	if (t->root && (chroot(t->root) < 0 || chdir("/") < 0))
		die(t->root);
	if (t->no_exchange)
		forbid_exchange();
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0 || raise(SIGSTOP) != 0)
		die("traceme");
	execvp(argv[0], argv);
	die(argv[0]);
}

/* The signal that a stop is about, 0 for a stop that is only ours. */
static int signal_of(int status)
{
	int number = WSTOPSIG(status);

	return status >> 16 || number == SIGSTOP || number == SIGTRAP ? 0 : number;
}

/* Until the command ends; its wait status. */
static int trace(struct tracer *t)
{
	int status;
	pid_t tid;

	while ((tid = waitpid(-1, &status, __WALL)) > 0) {
		int number = 0;

		if (!WIFSTOPPED(status)) {
			if (tid == t->command)
				return status;
			continue;
		}
		if (WSTOPSIG(status) == (SIGTRAP | 0x80))
			at_syscall(t, tid);
		else
			number = signal_of(status);
		if (ptrace(PTRACE_SYSCALL, tid, NULL, (void *)(intptr_t)number) < 0 &&
		    errno != ESRCH)
			die("go on");
	}
	die("wait");
}

static int run(struct tracer *t, char **argv)
{
	int status;

	t->command = fork();
	if (t->command < 0)
		die("fork");
	if (t->command == 0)
		child(t, argv);
	if (waitpid(t->command, &status, 0) < 0 || !WIFSTOPPED(status))
		die("the command does not start");
	if (ptrace(PTRACE_SETOPTIONS, t->command, NULL, (void *)TRACE_OPTIONS) < 0 ||
	    ptrace(PTRACE_SYSCALL, t->command, NULL, NULL) < 0)
		die("trace");
	status = trace(t);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void take_action(struct tracer *t, const char *text)
{
	if (strcmp(text, "before") == 0)
		t->action = KILL_BEFORE;
	else if (strcmp(text, "after") == 0)
		t->action = KILL_AFTER;
	else if (strcmp(text, "short") == 0)
		t->action = SHORTEN;
	else if (sscanf(text, "errno:%ld", &t->error) == 1)
		t->action = FAIL;
	else
		die(text);
}

int main(int argc, char **argv)
{
	struct tracer t = { 0 };
	const char *record_to = NULL;
	int i = 1;

	while (i + 1 < argc && strncmp(argv[i], "--", 2) == 0) {
		if (strcmp(argv[i], "--root") == 0) {
			t.root = argv[i + 1];
		} else if (strcmp(argv[i], "--log") == 0) {
			t.log = fopen(argv[i + 1], "we");
			if (!t.log)
				die(argv[i + 1]);
		} else if (strcmp(argv[i], "--record") == 0) {
			record_to = argv[i + 1];
		} else if (strcmp(argv[i], "--no-exchange") == 0) {
			t.no_exchange = true;
			i--;
		} else if (strcmp(argv[i], "--at") == 0 && i + 2 < argc) {
			t.at = strtol(argv[i + 1], NULL, 10);
			take_action(&t, argv[++i + 1]);
		} else {
			break;
		}
		i += 2;
	}
	if (i >= argc) {
		fprintf(stderr, "tracer: no command\n");
		return 125;
	}
	if (record_to)
		t.recorder = record_open(record_to, t.root);
	i = run(&t, argv + i);
	if (t.recorder)
		record_close(t.recorder);
	if (t.log)
		fclose(t.log);
	return i;
}
