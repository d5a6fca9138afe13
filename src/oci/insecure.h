/* SPDX-License-Identifier: MIT */
/*
 * insecure: registries that may be asked over TLS without a look at the certificate, and without TLS
 * where they know none. Entries are as in `insecure-registries` of Docker's daemon.json: HOST or HOST:PORT,
 * which mean exactly that name, or a network ("10.0.0.0/8"), which means every host with an address in
 * it. Unlike Docker, loopback is not in the list by itself.
 */
#ifndef OCI_INSECURE_H
#define OCI_INSECURE_H

#include <stdbool.h>

#include "base/err.h"

struct network;

struct insecure {
	char **hosts;
	int host_count;
	struct network *networks;
	int network_count;
};

/* ERR_USAGE: it is no entry; the message names it. */
int insecure_add(struct err *e, struct insecure *l, const char *entry) MUST_USE;
/* `host` as in a reference. Its name is looked up when there are networks in the list. */
bool insecure_has(const struct insecure *l, const char *host);
void insecure_release(struct insecure *l);

#endif
