/* SPDX-License-Identifier: MIT */
/*
 * lock: one run at a time on a node. The kernel releases it with the process (flock(2)), so a
 * killed run never leaves it behind; the owner's name in the file is for people.
 */
#ifndef OS_LOCK_H
#define OS_LOCK_H

#include <stdbool.h>

#include "base/err.h"

/* ERR_BUSY names the owner. *ret is held until lock_release(); it is not inherited by exec. */
int lock_take(struct err *e, const char *path, const char *owner, int *ret) MUST_USE;
void lock_release(int *fd); /* for CLEANUP; -1 is nothing */
/* Is somebody in it now? Then *ret_owner is who (the caller frees). */
bool lock_held(const char *path, char **ret_owner);

#endif
