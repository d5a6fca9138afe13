// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stddef.h>
#include <sys/random.h>

#include <mbedtls/entropy.h>

/*
 * The only source of randomness that mbedTLS has here (vendor/mbedtls_config.h). getrandom(2) needs
 * no device node, and waits in early boot until the kernel has gathered enough.
 */
int mbedtls_hardware_poll(void *data, unsigned char *output, size_t len, size_t *olen);

int mbedtls_hardware_poll(void *data, unsigned char *output, size_t len, size_t *olen)
{
	size_t filled = 0;

	(void)data;
	while (filled < len) {
		ssize_t n = getrandom(output + filled, len - filled, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return MBEDTLS_ERR_ENTROPY_SOURCE_FAILED;
		filled += (size_t)n;
	}
	*olen = filled;
	return 0;
}
