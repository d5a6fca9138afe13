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

#include "base/err.h"
#include "net/url.h"

struct trust;

/* Both may be NULL. ERR_USAGE when ca_file cannot be read or holds no certificate. */
int trust_open(struct err *e, const char *ca_file, const char *certs_dir,
               struct trust **ret) MUST_USE;
void trust_close(struct trust *t);

/* The system's bundle, NULL when there is none. */
const char *trust_system_bundle(void);

struct trust_host {
	void *roots;                          /* of the TLS library: mbedtls_x509_crt */
	const char *client_cert, *client_key; /* paths, or NULL */
};
/* Belongs to t. u NULL: what is for every host, and no client certificate. ERR_PRECHECK when there are no roots at all, or a file of this host is
 * unreadable, or its client certificate is none that can be shown. */
int trust_for(struct err *e, struct trust *t, const struct url *u,
              const struct trust_host **ret) MUST_USE;

#endif
