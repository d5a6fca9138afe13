/* SPDX-License-Identifier: MIT */
#include "cli/version.h"

const char version_text[] = NODELIFT_VERSION;
