/* SPDX-License-Identifier: MIT */
/* install: content of the store becomes a file of the node, under a name that nobody uses yet. */
#ifndef UPGRADE_INSTALL_H
#define UPGRADE_INSTALL_H

#include "oci/store.h"

/*
 * Writes `path` anew, durable and read back. Owner, mode and attributes are those of the file
 * `like`; where that is NULL, root's and `mode`.
 */
int install_file(struct err *e, const struct store *s, const struct digest *d, const char *path,
                 const char *like, unsigned mode) MUST_USE;

#endif
