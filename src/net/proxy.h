/* SPDX-License-Identifier: MIT */
/*
 * proxy: who stands between us and an address, as the variables of the environment say (curl(1),
 * "Environment"): https_proxy or HTTPS_PROXY for https, http_proxy (in small letters only: a web
 * server sets the other from what its clients send) for http, else all_proxy or ALL_PROXY. The first that
 * is not empty counts. no_proxy and NO_PROXY are heeded by the library: hosts, .domains, networks
 * as 10.0.0.0/8, or "*".
 *
 * [SCHEME://][USER:PASSWORD@]HOST[:PORT], SCHEME one of http, https, socks4, socks4a, socks5,
 * socks5h. https is tunnelled, so a proxy sees the name of a host and its own password, no more.
 */
#ifndef NET_PROXY_H
#define NET_PROXY_H

#include <stdbool.h>

#include "base/err.h"
#include "net/url.h"

struct proxy {
	char *address;        /* with the password; NULL: there is no proxy */
	char *name;           /* "host:port", for messages */
	const char *variable; /* which named it */
	bool https;
};

/* The one for `u`; none for this machine. ERR_USAGE names the variable that is malformed. */
int proxy_for(struct err *e, const struct url *u, struct proxy *ret) MUST_USE;
void proxy_release(struct proxy *p);

#endif
