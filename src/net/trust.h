/* SPDX-License-Identifier: MIT */
/*
 * trust: which certification authorities are believed about which host. Everything is parsed once
 * and shared by all connections and threads.
 *
 * Roots of the system: $SSL_CERT_FILE, or the first bundle found in the usual places. In addition
 * --ca-file for every host, and for one host DIR/HOST[:PORT]/NAME.crt as Docker has it; there
 * NAME.cert with NAME.key is a client certificate (docs.docker.com, "Verify repository client with
 * certificates").
 */
#ifndef NET_TRUST_H
#define NET_TRUST_H

#include <stdbool.h>

#include "base/err.h"
#include "net/url.h"

struct trust;

/* Both may be NULL. ERR_USAGE when ca_file cannot be read or holds no certificate. */
int trust_open(struct err *e, const char *ca_file, const char *certs_dir,
               struct trust **ret) MUST_USE;
void trust_close(struct trust *t);

/* The system's bundle, NULL when there is none. */
const char *trust_system_bundle(void);

/* What its owner says of one origin, in addition to the above. */
struct trust_origin {
	const char *address;                  /* "https://HOST[:PORT]..." */
	bool unverified;                      /* TLS with whoever answers */
	const char *const *ca_files;          /* NULL-terminated, or NULL */
	const char *client_cert, *client_key; /* paths, or NULL */
	const char *dir;                      /* like HOST[:PORT] in certs_dir, or NULL */
};
/* Before the first trust_for(). ERR_USAGE when a file cannot be read, or something else was said of that
 * origin before. */
int trust_add(struct err *e, struct trust *t, const struct trust_origin *o) MUST_USE;

struct trust_host {
	void *roots;                          /* of the TLS library: mbedtls_x509_crt */
	const char *client_cert, *client_key; /* paths, or NULL */
	bool unverified;                      /* its certificate is not looked at */
};
/* Belongs to t. u NULL: what is for every host, and no client certificate. ERR_PRECHECK when there are no roots at all, or a file of this host is
 * unreadable, or its client certificate is none that can be shown. */
int trust_for(struct err *e, struct trust *t, const struct url *u,
              const struct trust_host **ret) MUST_USE;

#endif
