/* SPDX-License-Identifier: MIT */
/*
 * hosts_toml: the hosts of a registry as containerd has them configured (containerd, docs/hosts.md):
 * DIR/HOST_PORT_/hosts.toml, DIR/HOST:PORT/hosts.toml or DIR/_default/hosts.toml, of the first directory
 * that exists. Where that has no such file, certificates lie in it as in Docker's certs.d.
 *
 *	server = "https://HOST"            the origin; without it the registry that the image names
 *	[host."https://MIRROR"]            asked before the origin, in the order of the file
 *	capabilities = ["pull", "resolve"] and "push"; all when it is missing
 *	ca = "FILE" or ["FILE", ...]       relative to hosts.toml
 *	client = "FILE", ["FILE"] or [["FILE", "KEY"]]: one client certificate
 *	skip_verify, override_path         booleans
 *	dial_timeout = "5s"
 *	[host."https://MIRROR".header]     names with a string or strings
 *
 * Everything but `server` and [host] may also stand outside of a table and is then about the server. With
 * TLS settings an http:// address is tried with TLS first, as containerd does. Other than there,
 * a key that is not known (such as `proxy`) and a malformed file are errors: they are not passed over.
 */
#ifndef OCI_HOSTS_TOML_H
#define OCI_HOSTS_TOML_H

#include "oci/endpoint.h"

struct hosts_toml {
	bool file;   /* there is one */
	bool server; /* it has added the origin as well */
	char *certs_dir; /* with certificates for the origin instead of such a file, or NULL; the caller frees */
};

/* Adds the endpoints for `host`. ERR_USAGE names the file and the line or key. */
int hosts_toml_read(struct err *e, const char *dir, const char *host, struct endpoints *ret,
                    struct hosts_toml *ret_found) MUST_USE;

#endif
