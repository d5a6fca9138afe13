/* SPDX-License-Identifier: MIT */
/*
 * client_cert: a certificate that we show to a registry, and its key, both PEM. That they are good is
 * seen before they are shown: servers say no more than that they did not like something.
 */
#ifndef NET_CLIENT_CERT_H
#define NET_CLIENT_CERT_H

#include "base/err.h"

/* ERR_PRECHECK names the file: unreadable, the key of another certificate, expired or not valid yet. */
int client_cert_check(struct err *e, const char *cert_file, const char *key_file) MUST_USE;

#endif
