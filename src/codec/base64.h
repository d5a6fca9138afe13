/* SPDX-License-Identifier: MIT */
/* base64: RFC 4648, section 4 with padding. */
#ifndef CODEC_BASE64_H
#define CODEC_BASE64_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

void base64_encode(const void *data, size_t len, struct str *ret); /* appends */
/* Appends; false when text is not exactly base64. The padding may be missing altogether. */
bool base64_decode(const char *text, struct str *ret);

#endif
