/* SPDX-License-Identifier: MIT */
#include "net/client_cert.h"

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/pk.h>
#include <mbedtls/x509_crt.h>
#include <unistd.h>

/* The library blinds what it computes with a private key. */
struct random {
	mbedtls_entropy_context entropy;
	mbedtls_ctr_drbg_context drbg;
};

static int random_open(struct err *e, struct random *r)
{
	mbedtls_entropy_init(&r->entropy);
	mbedtls_ctr_drbg_init(&r->drbg);
	if (mbedtls_ctr_drbg_seed(&r->drbg, mbedtls_entropy_func, &r->entropy, NULL, 0) != 0)
		return err_set(e, ERR_PRECHECK, "the kernel gives no random numbers");
	return 0;
}

static void random_close(struct random *r)
{
	mbedtls_ctr_drbg_free(&r->drbg);
	mbedtls_entropy_free(&r->entropy);
}

static int check_certificate(struct err *e, const char *file, mbedtls_x509_crt *crt)
{
	int code;

	if (access(file, R_OK) < 0)
		return err_sys(e, "cannot read client certificate '%s'", file);
	code = mbedtls_x509_crt_parse_file(crt, file);
	if (code != 0)
		return err_set(e, ERR_PRECHECK, "'%s' is no certificate that can be read (-0x%04x)",
		               file, (unsigned)(code < 0 ? -code : code));
	if (mbedtls_x509_time_is_past(&crt->valid_to))
		return err_set(e, ERR_PRECHECK,
		               "client certificate '%s' expired on %04d-%02d-%02d (or this node's "
		               "clock is wrong)",
		               file, crt->valid_to.year, crt->valid_to.mon, crt->valid_to.day);
	if (mbedtls_x509_time_is_future(&crt->valid_from))
		return err_set(e, ERR_PRECHECK,
		               "client certificate '%s' is not valid before %04d-%02d-%02d (or "
		               "this node's clock is wrong)",
		               file, crt->valid_from.year, crt->valid_from.mon,
		               crt->valid_from.day);
	return 0;
}

static int check_key(struct err *e, const char *cert_file, const char *file, mbedtls_x509_crt *crt,
                     mbedtls_pk_context *key, struct random *r)
{
	int code;

	if (access(file, R_OK) < 0)
		return err_sys(e, "client certificate '%s' has no key '%s'", cert_file, file);
	code = mbedtls_pk_parse_keyfile(key, file, NULL, mbedtls_ctr_drbg_random, &r->drbg);
	if (code != 0)
		return err_set(e, ERR_PRECHECK,
		               "'%s' is no key that can be read, without a password (-0x%04x)",
		               file, (unsigned)-code);
	if (mbedtls_pk_check_pair(&crt->pk, key, mbedtls_ctr_drbg_random, &r->drbg) != 0)
		return err_set(e, ERR_PRECHECK, "'%s' is not the key of client certificate '%s'",
		               file, cert_file);
	return 0;
}

int client_cert_check(struct err *e, const char *cert_file, const char *key_file)
{
	struct random r;
	mbedtls_x509_crt crt;
	mbedtls_pk_context key;
	int failed;

	mbedtls_x509_crt_init(&crt);
	mbedtls_pk_init(&key);
	failed = random_open(e, &r) < 0 || check_certificate(e, cert_file, &crt) < 0 ||
	         check_key(e, cert_file, key_file, &crt, &key, &r) < 0;
	random_close(&r);
	mbedtls_pk_free(&key);
	mbedtls_x509_crt_free(&crt);
	return failed ? -1 : 0;
}
