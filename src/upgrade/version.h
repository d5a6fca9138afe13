/* SPDX-License-Identifier: MIT */
/* version: do two ways of writing a version mean the same release? */
#ifndef UPGRADE_VERSION_H
#define UPGRADE_VERSION_H

#include <stdbool.h>

/* A leading 'v' and what follows a '+' (build metadata, a distribution's suffix) do not count:
 * "v26.1.5" and "26.1.5+dfsg1" are the same. */
bool version_same(const char *a, const char *b);
/* Does one word of what a program printed say this version? */
bool version_is_said(const char *output, const char *version);

#endif
