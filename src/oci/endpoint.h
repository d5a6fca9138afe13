/* SPDX-License-Identifier: MIT */
/*
 * endpoint: the places that are asked for what a registry has: its mirrors in their order, then the origin.
 *
 * They come from the node's own configuration, the first of these that there is:
 *
 *	containerd  HOSTS_DIR/HOST/hosts.toml (oci/hosts_toml.h)
 *	Docker      daemon.json: "registry-mirrors", which are docker.io's, and "insecure-registries"
 *
 * A registry that the latter or `insecure` names is two endpoints: with TLS to whoever answers, and without
 * TLS, which is asked only as long as the first never gave an answer.
 */
#ifndef OCI_ENDPOINT_H
#define OCI_ENDPOINT_H

#include <stdbool.h>

#include "base/err.h"
#include "base/limits.h"

struct endpoint {
	char *host; /* "HOST[:PORT]": whose credentials it gets, and how it is called in messages */
	char *root; /* address of its API, without a slash at the end: "https://host/v2" */
	char *ns;   /* the registry that it stands for, where it wants to be told; or NULL */
	bool origin;    /* the registry itself: it knows what a tag means */
	bool pull;      /* what it may be asked for: content by digest, */
	bool resolve;   /* the meaning of tags */
	bool fallback;  /* not to be asked once the one before it gave an answer */
	int connect_ms; /* 0: as usual */
	/* Headers "Name: value" that go to it alone, NULL-terminated, or NULL; and Authorization's value. */
	char **headers;
	char *authorization;
	/* TLS, as in struct trust_origin */
	bool unverified;
	char **ca_files; /* NULL-terminated, or NULL */
	char *client_cert, *client_key;
	char *certs_dir;
};

struct endpoints {
	struct endpoint items[ENDPOINTS_MAX];
	int count;
};

struct endpoint_options {
	const char *hosts_dir;       /* "/etc/containerd/certs.d", or NULL */
	const char *daemon_file;     /* "/etc/docker/daemon.json", or NULL */
	const char *const *insecure; /* more of insecure-registries, NULL-terminated, or NULL */
	bool plain_http;             /* the origin is asked without TLS */
};

/*
 * `host` is a reference's. At least one endpoint. ERR_USAGE: a file is malformed, with its name and the
 * line or key; or plain HTTP with a host that is neither this machine nor named as insecure.
 */
int endpoints_find(struct err *e, const struct endpoint_options *o, const char *host,
                   struct endpoints *ret) MUST_USE;
void endpoints_release(struct endpoints *l);

/* The host that serves the API of a reference's host: docker.io does not do so itself. */
const char *endpoint_api_host(const char *host);
/*
 * Adds one for an address "[http[s]://]HOST[:PORT][/PATH]"; its API is below /v2 of it, or where PATH
 * says if `whole_path`. It may be asked for everything. NULL: ERR_USAGE.
 */
struct endpoint *endpoint_add(struct err *e, struct endpoints *l, const char *address,
                              bool whole_path);
/* Adds the same endpoint once more, to be asked without TLS when it gives no answer with TLS. */
int endpoint_add_fallback(struct err *e, struct endpoints *l, const struct endpoint *p) MUST_USE;

#endif
