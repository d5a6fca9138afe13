/* SPDX-License-Identifier: MIT */
/* version: of nodelift itself. Apart, so that a new commit costs the compilation of one file. */
#ifndef CLI_VERSION_H
#define CLI_VERSION_H

extern const char version_text[];

#endif
