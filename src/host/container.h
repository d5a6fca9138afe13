/* SPDX-License-Identifier: MIT */
/*
 * container: which container a process is in, as far as /proc tells. Only the engine knows for
 * certain: what is found here is to be held against what it says.
 */
#ifndef HOST_CONTAINER_H
#define HOST_CONTAINER_H

#include <stdbool.h>
#include <sys/types.h>

#define CONTAINER_ID_MAX 65 /* 64 hex digits */
#define CONTAINER_HINTS 4

struct container_hints {
	/* Identifiers, the surest first: of the cgroup, of the files that the engine mounts into each
	 * container (those of another one where the network is shared), the host's name (12 digits). */
	char ids[CONTAINER_HINTS][CONTAINER_ID_MAX];
	int count;
	char layer[256]; /* the last two parts of the upper directory of its overlay root, or "" */
};

/* pid 0: this process. */
void container_hints(pid_t pid, struct container_hints *ret);

#endif
