/* SPDX-License-Identifier: MIT */
/* process: run a program of the node and hear what it said. Never through a shell. */
#ifndef OS_PROCESS_H
#define OS_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"

#define PROCESS_OUTPUT_MAX (256 * 1024) /* bytes that are kept; the rest is read and dropped */

struct process {
	const char *const *argv; /* NULL-terminated; argv[0] is looked up in PATH without a '/' */
	int64_t timeout_ms;      /* after it the program is killed */
	bool merge_stderr;       /* into the output; otherwise it is kept for the message only */
	const char *const *env;  /* "NAME=VALUE", NULL-terminated; NULL: our own */
	const void *input;       /* its stdin; NULL: nothing */
	size_t input_len;
	size_t output_max; /* who says more is killed; 0: PROCESS_OUTPUT_MAX, the rest is dropped */
};

/*
 * Runs it to its end in a process group of its own, so that Ctrl-C at our terminal is ours alone.
 * A program that cannot be started, is killed, times out or exits with a status other than 0 is an
 * error that quotes the last line of what it said. *ret is stdout (may be NULL).
 */
int process_run(struct err *e, const struct process *p, struct str *ret) MUST_USE;
/*
 * The same for a program whose exit status is part of its answer: any is good. What it said has no
 * other copy in our memory (with output_max), so that the caller can wipe it.
 */
int process_ask(struct err *e, const struct process *p, int *ret_status, struct str *ret) MUST_USE;

#define PROCESS_NO_EXEC 127 /* status of a program that could not be started */

/* One that is running, for those who do more than hear it out. {.out = -1, .err = -1} is none. */
struct child {
	pid_t pid;
	int out, err; /* what it says; err is -1 when it was merged */
};
/* A file in memory with these bytes. Not a pipe: nobody has to write while the other side reads. */
int process_input(struct err *e, const void *data, size_t len, int *ret) MUST_USE;
/*
 * Starts it in a process group of its own. `in` is its stdin, -1: nothing; `env` NULL: ours. Only a fork that failed is
 * an error here: see PROCESS_NO_EXEC.
 */
int process_start(struct err *e, const char *const *argv, const char *const *env, int in,
                  bool merge_stderr, struct child *ret) MUST_USE;
void process_close(struct child *c); /* for CLEANUP: its pipes, not the program */
/* Until it has ended: its wait status. */
int process_reap(struct err *e, const struct child *c, const char *name, int *ret) MUST_USE;

/* Is this process running the file `path` (the same inode), whatever the path is called now? */
bool process_runs_file(pid_t pid, const char *path);

/* Waits until the process has ended, at most timeout_ms. False: it has not. */
bool process_wait_gone(pid_t pid, int64_t timeout_ms);

#endif
