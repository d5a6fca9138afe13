/* SPDX-License-Identifier: MIT */
/* perform: what the commands that work on the node have in common. */
#ifndef CLI_PERFORM_H
#define CLI_PERFORM_H

#include "cli/cli.h"
#include "upgrade/upgrade.h"

/* Reads the settings, takes the node, does the work, reports its result. */
int perform(struct err *e, struct cli *c, const char *name,
            int (*work)(struct err *e, struct job *j, struct cli *c)) MUST_USE;

#endif
