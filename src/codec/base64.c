/* SPDX-License-Identifier: MIT */
#include "codec/base64.h"

#include <stdint.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(const void *data, size_t len, struct str *ret)
{
	const uint8_t *p = data;

	for (; len; len -= len < 3 ? len : 3, p += 3) {
		uint32_t v = (uint32_t)p[0] << 16 | (len > 1 ? (uint32_t)p[1] << 8 : 0) |
		             (len > 2 ? (uint32_t)p[2] : 0);
		char four[4] = { alphabet[v >> 18 & 63], alphabet[v >> 12 & 63],
			         len > 1 ? alphabet[v >> 6 & 63] : '=',
			         len > 2 ? alphabet[v & 63] : '=' };

		str_add(ret, four, sizeof(four));
		if (len < 3)
			break;
	}
}

bool base64_decode(const char *text, struct str *ret)
{
	size_t len = strlen(text), digits = strspn(text, alphabet);
	uint32_t v = 0;
	int bits = 0;

	/* what is behind the digits may only be padding, and then exactly what is missing */
	if (digits % 4 == 1 || (digits < len && (digits + strspn(text + digits, "=") != len ||
	                                         len % 4 || len - digits > 2)))
		return false;
	for (size_t i = 0; i < digits; i++) {
		v = v << 6 | (uint32_t)(strchr(alphabet, text[i]) - alphabet);
		bits += 6;
		if (bits >= 8) {
			char byte = (char)(v >> (bits - 8) & 0xff);

			bits -= 8;
			str_add(ret, &byte, 1);
		}
	}
	return (v & ((1U << bits) - 1)) == 0;
}
