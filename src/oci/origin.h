/* SPDX-License-Identifier: MIT */
/*
 * origin: where the IMAGE of a command line comes from.
 *
 *	/PATH, ./PATH, ../PATH   a file or directory of this machine: an OCI layout, or an archive
 *	-                        such an archive on standard input
 *	docker-daemon:NAME       the store of this node's engine (containers-transports(5)); NAME may be
 *	                         an image ID
 *	anything else            a reference: its registry
 */
#ifndef OCI_ORIGIN_H
#define OCI_ORIGIN_H

#include "oci/reference.h"

enum origin_kind { ORIGIN_REGISTRY, ORIGIN_FILE, ORIGIN_STDIN, ORIGIN_ENGINE };

struct origin {
	enum origin_kind kind;
	char *text;  /* for people and records: the full name, the absolute path,
	            * "standard input" */
	char *place; /* the absolute path, or the name in the engine's store; otherwise NULL */
	struct reference
		name; /* of a registry's; of the others what `as` says: host NULL for nothing */
};

/* `as` (may be NULL) says of which repository the image is that comes from no registry. ERR_USAGE. */
int origin_parse(struct err *e, const char *text, const char *as, struct origin *ret) MUST_USE;
void origin_release(struct origin *o);

#endif
