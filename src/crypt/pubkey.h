/* SPDX-License-Identifier: MIT */
/*
 * pubkey: a public key, and whether it made a signature.
 *
 * A key is one PEM block "PUBLIC KEY" (RFC 7468, 13: SubjectPublicKeyInfo, RFC 5280, 4.1), its DER
 * exactly as DER wants it. Known are
 *
 *	ECDSA on P-256, P-384 and P-521 (FIPS 186-5); a signature is the DER of RFC 3279, 2.2.3
 *	RSA with 2048 to 4096 bits, RSASSA-PKCS1-v1_5 (RFC 8017, 8.2)
 *
 * The digest that was signed is SHA-256; for P-384 it may be SHA-384 and for P-521 SHA-512, which
 * is what cosign 3 takes, where cosign 2 takes SHA-256 for every key.
 */
#ifndef CRYPT_PUBKEY_H
#define CRYPT_PUBKEY_H

#include <stdbool.h>
#include <stddef.h>

#include "crypt/digest.h"

#define PUBKEY_PEM_MAX (64 * 1024) /* bytes of a file that holds a key */
#define PUBKEY_RSA_BITS_MIN 2048
#define PUBKEY_RSA_BITS_MAX 4096

struct pubkey;

/* `pem` is NUL-terminated. `name` is for messages. ERR_USAGE says what the key is instead, and what
 * to do. */
int pubkey_parse(struct err *e, const char *name, const char *pem, struct pubkey **ret) MUST_USE;
void pubkey_free(struct pubkey *k);
void pubkey_freep(struct pubkey **k); /* for CLEANUP */

const char *pubkey_algorithm(const struct pubkey *k); /* "ECDSA P-256", "RSA 3072" */
/* SHA-256 of the DER: what `openssl pkey -pubin -outform DER | sha256sum` says. */
const struct digest *pubkey_fingerprint(const struct pubkey *k);

/* Anything but exactly a signature of these bytes by this key is false. */
bool pubkey_verify(struct pubkey *k, const void *data, size_t len, const void *signature,
                   size_t signature_len);

#endif
