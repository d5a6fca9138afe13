/* SPDX-License-Identifier: MIT */
/* self: this program, put where it stays. */
#ifndef UPGRADE_SELF_H
#define UPGRADE_SELF_H

#include "base/err.h"

/* A durable copy of the program that is running, as `path`; its directory is created. */
int self_install(struct err *e, const char *path) MUST_USE;

#endif
