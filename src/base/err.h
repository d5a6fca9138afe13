/* SPDX-License-Identifier: MIT */
/*
 * err: what went wrong, where, and what a coordinator should do about it.
 *
 * A fallible function takes `struct err *e` first, returns 0 or -1 and fills *e only when it
 * fails. The struct is the caller's and holds its text inside, so reporting works without memory.
 * A message is one clause: what is wrong, then the subject in quotes, no full stop:
 *
 *	return err_sys(e, "cannot rename '%s'", path);      adds ": No space left on device"
 *	return err_wrap(e, "install '%s'", name);           puts "install 'x': " in front
 *
 * The code decides the exit status. err_table is the only place that maps one to the other.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stddef.h>

#define ERR_MSG_MAX 1024

enum err_code {
	ERR_NONE, /* no error: the node runs the target and is healthy */
	ERR_BUG,
	ERR_USAGE,
	ERR_PRECHECK,
	ERR_BUSY,
	ERR_RETRY,
	ERR_REJECTED,
	ERR_ROLLED_BACK,
	ERR_BROKEN,
	ERR_DETACHED,
	ERR_CODES /* how many there are */
};

struct err {
	enum err_code code;
	int sys; /* errno of a failed system call, otherwise 0 */
	char msg[ERR_MSG_MAX];
};

struct err_info {
	int status;          /* exit status of the process */
	const char *name;    /* short, stable: also in JSON */
	const char *meaning; /* for --help */
	const char *action;  /* what a coordinator does */
};

/* Indexed by enum err_code. */
extern const struct err_info err_table[ERR_CODES];

#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF(f, a) __attribute__((format(printf, f, a)))

/* Each returns -1, so that it can stand behind `return`. */
int err_set(struct err *e, enum err_code code, const char *fmt, ...) PRINTF(3, 4);
/* From errno; the node could not do what was asked: ERR_PRECHECK. */
int err_sys(struct err *e, const char *fmt, ...) PRINTF(2, 3);
int err_wrap(struct err *e, const char *fmt, ...) PRINTF(2, 3);

#endif
