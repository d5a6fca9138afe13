/* SPDX-License-Identifier: MIT */
#include "crypt/pubkey.h"

#include <mbedtls/asn1.h>
#include <mbedtls/ecp.h>
#include <mbedtls/md.h>
#include <mbedtls/pem.h>
#include <mbedtls/pk.h>
#include <mbedtls/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

#define BEGIN "-----BEGIN "
#define BEGIN_KEY "-----BEGIN PUBLIC KEY-----"
#define END_KEY "-----END PUBLIC KEY-----"
#define LABEL_MAX 40         /* characters of what stands behind BEGIN, in messages */
#define DER_MAX 2200         /* bytes; RSA with 16384 bits has 2086 */
#define EXPONENT_MIN_BITS 17 /* 65537; FIPS 186-5, 5.4 */
#define EXPONENT_MAX_BITS 256

struct pubkey {
	mbedtls_pk_context pk;
	mbedtls_md_type_t digests[2]; /* that may have been signed; the second may be NONE */
	char algorithm[16];
	struct digest fingerprint;
};

/* ---- what it is ---- */

static const struct curve {
	mbedtls_ecp_group_id group;
	const char *name;
	mbedtls_md_type_t digest; /* beside SHA-256 */
} curves[] = {
	{ MBEDTLS_ECP_DP_SECP256R1, "ECDSA P-256", MBEDTLS_MD_NONE },
	{ MBEDTLS_ECP_DP_SECP384R1, "ECDSA P-384", MBEDTLS_MD_SHA384 },
	{ MBEDTLS_ECP_DP_SECP521R1, "ECDSA P-521", MBEDTLS_MD_SHA512 },
};

#define OID_EC "\x2a\x86\x48\xce\x3d\x02\x01"
#define OID_RSA "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"

/* Those that people have, by name: "not a key" would send them looking in the wrong place. */
static const struct {
	const char *oid, *name;
} refused_algorithms[] = {
	{ "\x2b\x65\x70", "Ed25519" },
	{ "\x2b\x65\x71", "Ed448" },
	{ "\x2b\x65\x6e", "X25519" },
	{ "\x2b\x65\x6f", "X448" },
	{ "\x2a\x86\x48\xce\x38\x04\x01", "DSA" },
	{ "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a", "RSA-PSS" },
	{ "\x60\x86\x48\x01\x65\x03\x04\x03\x11", "ML-DSA-44" },
	{ "\x60\x86\x48\x01\x65\x03\x04\x03\x12", "ML-DSA-65" },
	{ "\x60\x86\x48\x01\x65\x03\x04\x03\x13", "ML-DSA-87" },
};

#define WHAT_TO_DO \
	"sign with an ECDSA key (P-256, P-384, P-521) or an RSA key of 2048 to 4096 bits: " \
	"cosign generate-key-pair makes one"

static int refuse(struct err *e, const char *name, const char *what)
{
	return err_set(e, ERR_USAGE, "%s: %s: " WHAT_TO_DO, name, what);
}

static bool oid_is(const mbedtls_asn1_buf *oid, const char *bytes)
{
	return oid->len == strlen(bytes) && memcmp(oid->p, bytes, oid->len) == 0;
}

static int check_algorithm(struct err *e, const char *name, const mbedtls_asn1_buf *oid)
{
	char what[64];

	if (oid_is(oid, OID_EC) || oid_is(oid, OID_RSA))
		return 0;
	for (size_t i = 0; i < sizeof(refused_algorithms) / sizeof(*refused_algorithms); i++) {
		if (!oid_is(oid, refused_algorithms[i].oid))
			continue;
		snprintf(what, sizeof(what), "%s keys are not supported",
		         refused_algorithms[i].name);
		return refuse(e, name, what);
	}
	return refuse(e, name, "a key of an unknown algorithm");
}

static int take_ecdsa(struct err *e, const char *name, struct pubkey *k)
{
	mbedtls_ecp_group_id group = mbedtls_ecp_keypair_get_group_id(mbedtls_pk_ec(k->pk));

	for (size_t i = 0; i < sizeof(curves) / sizeof(*curves); i++) {
		if (curves[i].group != group)
			continue;
		snprintf(k->algorithm, sizeof(k->algorithm), "%s", curves[i].name);
		k->digests[0] = MBEDTLS_MD_SHA256;
		k->digests[1] = curves[i].digest;
		return 0;
	}
	return refuse(e, name, "an elliptic curve that is not supported");
}

/* Even or tiny exponents make forging easier than it should be. */
static bool exponent_is_sound(const mbedtls_rsa_context *rsa)
{
	mbedtls_mpi exponent;
	bool sound;

	mbedtls_mpi_init(&exponent);
	sound = mbedtls_rsa_export(rsa, NULL, NULL, NULL, NULL, &exponent) == 0 &&
	        mbedtls_mpi_get_bit(&exponent, 0) == 1 &&
	        mbedtls_mpi_bitlen(&exponent) >= EXPONENT_MIN_BITS &&
	        mbedtls_mpi_bitlen(&exponent) <= EXPONENT_MAX_BITS;
	mbedtls_mpi_free(&exponent);
	return sound;
}

static int take_rsa(struct err *e, const char *name, struct pubkey *k)
{
	size_t bits = mbedtls_pk_get_bitlen(&k->pk);
	char what[64];

	snprintf(what, sizeof(what), "an RSA key of %zu bits", bits);
	if (bits < PUBKEY_RSA_BITS_MIN || bits > PUBKEY_RSA_BITS_MAX)
		return refuse(e, name, what);
	if (!exponent_is_sound(mbedtls_pk_rsa(k->pk)))
		return refuse(e, name, "an RSA key with a public exponent below 65537");
	snprintf(k->algorithm, sizeof(k->algorithm), "RSA %zu", bits);
	k->digests[0] = MBEDTLS_MD_SHA256;
	k->digests[1] = MBEDTLS_MD_NONE;
	return 0;
}

/* ---- reading it ---- */

/* The algorithm of a SubjectPublicKeyInfo, of whatever kind. */
static bool find_algorithm(const uint8_t *der, size_t len, mbedtls_asn1_buf *ret)
{
	/* the library reads through pointers that are not const, and changes nothing */
	uint8_t *p = (uint8_t *)(uintptr_t)der;
	const uint8_t *end = der + len;
	mbedtls_asn1_buf parameters;
	size_t inner;

	return mbedtls_asn1_get_tag(&p, end, &inner,
	                            MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE) == 0 &&
	       mbedtls_asn1_get_alg(&p, p + inner, ret, &parameters) == 0;
}

/* Written again it must be what was read: one key has one form, and one fingerprint. */
static bool is_canonical(const mbedtls_pk_context *pk, const uint8_t *der, size_t len)
{
	uint8_t again[DER_MAX];
	int n = mbedtls_pk_write_pubkey_der(pk, again, sizeof(again)); /* at the buffer's end */

	return n > 0 && (size_t)n == len && memcmp(again + sizeof(again) - n, der, len) == 0;
}

static int take_der(struct err *e, const char *name, const uint8_t *der, size_t len,
                    struct pubkey *k)
{
	uint8_t *p = (uint8_t *)(uintptr_t)der;
	mbedtls_asn1_buf oid;
	int failed;

	if (!find_algorithm(der, len, &oid))
		return refuse(e, name, "holds no SubjectPublicKeyInfo");
	if (check_algorithm(e, name, &oid) < 0)
		return -1;
	failed = mbedtls_pk_parse_subpubkey(&p, der + len, &k->pk);
	if (failed == MBEDTLS_ERR_PK_UNKNOWN_NAMED_CURVE)
		return refuse(e, name, "an elliptic curve that is not supported");
	if (failed || p != der + len || !is_canonical(&k->pk, der, len))
		return refuse(e, name, "a malformed key");
	digest_of(der, len, &k->fingerprint);
	return oid_is(&oid, OID_EC) ? take_ecdsa(e, name, k) : take_rsa(e, name, k);
}

/* Exactly one block, and of the right kind. Text around it is allowed, as RFC 7468, 5.2 has it. */
static int check_pem(struct err *e, const char *name, const char *pem)
{
	const char *begin = strstr(pem, BEGIN), *label;
	size_t len;

	if (!begin)
		return refuse(e, name, "holds no PEM block 'PUBLIC KEY'");
	label = begin + strlen(BEGIN);
	len = strcspn(label, "-\r\n");
	if (strstr(label, BEGIN))
		return err_set(e, ERR_USAGE, "%s: holds more than one PEM block: one key a file",
		               name);
	if (memmem(label, len, "PRIVATE KEY", strlen("PRIVATE KEY")))
		return err_set(e, ERR_USAGE,
		               "%s: holds a private key, which has no business on a node: remove "
		               "it, and put the public key there",
		               name);
	if (!str_starts(begin, BEGIN_KEY))
		return err_set(e, ERR_USAGE,
		               "%s: holds '%.*s' where a 'PUBLIC KEY' is needed: openssl pkey "
		               "-pubin, or openssl x509 -pubkey, writes one",
		               name, len < LABEL_MAX ? (int)len : LABEL_MAX, label);
	return 0;
}

int pubkey_parse(struct err *e, const char *name, const char *pem, struct pubkey **ret)
{
	CLEANUP(pubkey_freep) struct pubkey *k = NULL;
	mbedtls_pem_context block;
	size_t used, len;
	int failed;

	if (check_pem(e, name, pem) < 0)
		return -1;
	k = mem_alloc(sizeof(*k));
	mbedtls_pk_init(&k->pk);
	mbedtls_pem_init(&block);
	failed = mbedtls_pem_read_buffer(&block, BEGIN_KEY, END_KEY, (const uint8_t *)pem, NULL, 0,
	                                 &used);
	if (failed) {
		failed = refuse(e, name, "a malformed PEM block");
	} else {
		const uint8_t *der = mbedtls_pem_get_buffer(&block, &len);

		failed = take_der(e, name, der, len, k);
	}
	mbedtls_pem_free(&block);
	if (failed < 0)
		return -1;
	*ret = STEAL(k);
	return 0;
}

void pubkey_free(struct pubkey *k)
{
	if (!k)
		return;
	mbedtls_pk_free(&k->pk);
	free(k);
}

void pubkey_freep(struct pubkey **k)
{
	pubkey_free(*k);
}

const char *pubkey_algorithm(const struct pubkey *k)
{
	return k->algorithm;
}

const struct digest *pubkey_fingerprint(const struct pubkey *k)
{
	return &k->fingerprint;
}

/* ---- signatures ---- */

/* A length as DER writes it: in as few bytes as possible. */
static bool der_length(const uint8_t **p, const uint8_t *end, size_t *ret)
{
	if (*p == end)
		return false;
	*ret = *(*p)++;
	if (*ret < 0x80)
		return *ret <= (size_t)(end - *p);
	if (*ret != 0x81 || *p == end)
		return false; /* no signature is that long */
	*ret = *(*p)++;
	return *ret >= 0x80 && *ret <= (size_t)(end - *p);
}

/* A positive INTEGER without needless zeros. */
static bool der_positive(const uint8_t **p, const uint8_t *end)
{
	const uint8_t *value;
	size_t len;

	if (*p == end || *(*p)++ != MBEDTLS_ASN1_INTEGER || !der_length(p, end, &len) || len == 0)
		return false;
	value = *p;
	*p += len;
	return !(value[0] & 0x80) && (value[0] || (len > 1 && value[1] & 0x80));
}

/* The library also reads what is not quite DER: several texts would be one signature. */
static bool is_der_signature(const uint8_t *p, size_t size)
{
	const uint8_t *end = p + size;
	size_t len;

	return size > 0 && *p++ == (MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE) &&
	       der_length(&p, end, &len) && len == (size_t)(end - p) && der_positive(&p, end) &&
	       der_positive(&p, end) && p == end;
}

bool pubkey_verify(struct pubkey *k, const void *data, size_t len, const void *signature,
                   size_t signature_len)
{
	uint8_t hash[MBEDTLS_MD_MAX_SIZE];

	if (mbedtls_pk_get_type(&k->pk) != MBEDTLS_PK_RSA &&
	    !is_der_signature(signature, signature_len))
		return false;
	for (size_t i = 0; i < sizeof(k->digests) / sizeof(*k->digests); i++) {
		const mbedtls_md_info_t *md = mbedtls_md_info_from_type(k->digests[i]);

		if (md && mbedtls_md(md, data, len, hash) == 0 &&
		    mbedtls_pk_verify(&k->pk, k->digests[i], hash, mbedtls_md_get_size(md),
		                      signature, signature_len) == 0)
			return true;
	}
	return false;
}
