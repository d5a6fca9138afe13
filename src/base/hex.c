/* SPDX-License-Identifier: MIT */
#include "base/hex.h"

static const char digits[] = "0123456789abcdef";

void hex_encode(const uint8_t *data, size_t len, char *ret)
{
	for (size_t i = 0; i < len; i++) {
		*ret++ = digits[data[i] >> 4];
		*ret++ = digits[data[i] & 15];
	}
	*ret = '\0';
}

static int value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

bool hex_decode(const char *text, size_t len, uint8_t *ret)
{
	for (size_t i = 0; i < len; i++) {
		int high = value(text[2 * i]);
		int low = high < 0 ? -1 : value(text[2 * i + 1]);

		if (low < 0)
			return false;
		ret[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}
