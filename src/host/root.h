/* SPDX-License-Identifier: MIT */
/* root: from a privileged container onto the host itself. namespaces(7), setns(2). */
#ifndef HOST_ROOT_H
#define HOST_ROOT_H

#include <stdbool.h>

#include "base/err.h"

/* Where a container with the host's processes sees the host's files. */
#define ROOT_OF_HOST "/proc/1/root"

/*
 * From here on this process has the mounts and the network of the host whose root directory is at
 * `dir`. It needs the host's process namespace, and to be root there. ERR_PRECHECK says what is missing.
 * To be called while there is one thread.
 */
int root_enter(struct err *e, const char *dir) MUST_USE;

/* Are the users here, or some of them, others than on the host? user_namespaces(7) */
bool root_users_are_mapped(void);

#endif
