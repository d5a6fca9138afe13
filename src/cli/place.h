/* SPDX-License-Identifier: MIT */
/*
 * place: where a command is carried out.
 *
 *	on a host                 here, or with --detach in a process of its own (upgrade/outside.h)
 *	in a container with the   by a second container that may enter the host (upgrade/helper.h),
 *	engine's socket           which is told --host-root and --client
 *	with --host-root          on the host: runs in a process of their own, the rest here, after
 *	                          entering the host's namespaces (host/root.h)
 *	with --handed-over        here: it is that process of its own
 */
#ifndef CLI_PLACE_H
#define CLI_PLACE_H

#include "cli/cli.h"

/* `words`: those behind the command's name. *ret_status is what to exit with after success. */
int place_run(struct err *e, const struct command *cmd, struct cli *c, char *const *words,
              int *ret_status) MUST_USE;

#endif
