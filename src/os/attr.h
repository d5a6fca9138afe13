/* SPDX-License-Identifier: MIT */
/* attr: owner, mode and extended attributes (SELinux label, capabilities, ACL) of a file. */
#ifndef OS_ATTR_H
#define OS_ATTR_H

#include <sys/types.h>

#include "base/err.h"

/* What `path` has, to the open file `to`. An attribute that the filesystem of `to` does not know
 * is left out; any other failure is an error. */
int attr_copy(struct err *e, const char *path, int to, const char *name) MUST_USE;
/* root, this mode. */
int attr_set(struct err *e, int to, const char *name, mode_t mode) MUST_USE;

#endif
