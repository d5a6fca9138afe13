/* SPDX-License-Identifier: MIT */
/*
 * archive: the file of `nodelift save`. Like that of `docker save -o` it takes the place of a file that is
 * there, and only its owner may read it; unlike that one it is there whole and durable or not at all.
 */
#ifndef UPGRADE_ARCHIVE_H
#define UPGRADE_ARCHIVE_H

#include "oci/save.h"
#include "upgrade/run.h"

/* ERR_USAGE: nothing can be saved there. "-" is standard output, if that is no terminal. */
int archive_check(struct err *e, const char *path) MUST_USE;
int archive_write(struct err *e, struct run *r, const char *path, const struct image *i,
                  const struct reference *name, const struct collection *signatures,
                  int64_t *ret_bytes) MUST_USE;

#endif
