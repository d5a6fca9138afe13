/* SPDX-License-Identifier: MIT */
/*
 * daemon_json: what Docker's daemon.json says of registries: "registry-mirrors" (addresses, for docker.io)
 * and "insecure-registries" (oci/insecure.h). docs.docker.com, "dockerd", "Daemon configuration file".
 * The engine would not start with a malformed file, so nodelift does not either.
 */
#ifndef OCI_DAEMON_JSON_H
#define OCI_DAEMON_JSON_H

#include "oci/insecure.h"

struct daemon_json {
	char **mirrors;
	int mirror_count;
};

/* Adds to *list. That there is no such file is no error. ERR_USAGE names the file and the key. */
int daemon_json_read(struct err *e, const char *file, struct daemon_json *ret,
                     struct insecure *list) MUST_USE;
void daemon_json_release(struct daemon_json *d);

#endif
