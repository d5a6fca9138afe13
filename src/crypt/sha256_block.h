/* SPDX-License-Identifier: MIT */
/*
 * sha256_block: the compression function of SHA-256 (FIPS 180-4, 6.2.2) by the processor's own
 * instructions: the SHA extensions of x86 (Intel SDM, volume 2, SHA256RNDS2). Only for whole
 * blocks; what gathers and pads them is in hash_backend.c.
 */
#ifndef CRYPT_SHA256_BLOCK_H
#define CRYPT_SHA256_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHA256_BLOCK 64 /* bytes */

/* Asks the processor each time, which costs an exit where it is virtual: remember the answer. */
bool sha256_block_usable(void);

/* Only where usable. state is H0 ... H7 as numbers; data is `blocks` whole blocks, unaligned. */
void sha256_block(uint32_t state[8], const uint8_t *data, size_t blocks);

#endif
