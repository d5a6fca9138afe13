/* SPDX-License-Identifier: MIT */
/* local: an image that comes from a file, from standard input or from the engine, into the store. */
#ifndef UPGRADE_LOCAL_H
#define UPGRADE_LOCAL_H

#include "oci/import.h"
#include "upgrade/run.h"

/* For every origin but a registry. ERR_USAGE: there is no such file or image; else as in import.h. */
int local_import(struct err *e, struct run *r, const struct origin *o, struct import *ret) MUST_USE;

#endif
