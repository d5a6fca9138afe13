/* SPDX-License-Identifier: MIT */
/* hex: bytes as lower-case hexadecimal and back. */
#ifndef BASE_HEX_H
#define BASE_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Writes 2 * len characters and a NUL to ret. */
void hex_encode(const uint8_t *data, size_t len, char *ret);
/* Exactly 2 * len lower-case digits; false for anything else. */
bool hex_decode(const char *text, size_t len, uint8_t *ret);

#endif
