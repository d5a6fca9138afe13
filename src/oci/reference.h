/* SPDX-License-Identifier: MIT */
/*
 * reference: the name of an image as people write it.
 * Grammar: distribution/reference. `docker:28` is docker.io/library/docker:28; a first component
 * with a dot, a colon or that is "localhost" is a host.
 */
#ifndef OCI_REFERENCE_H
#define OCI_REFERENCE_H

#include <stdbool.h>

#include "crypt/digest.h"

struct reference {
	char *host;           /* with the port when it was given: "registry:5000", "docker.io" */
	char *path;           /* "library/docker" */
	char *tag;            /* NULL when only a digest was given; "latest" when neither was */
	struct digest digest; /* DIGEST_NONE when none was given; it wins over the tag */
};

/* ERR_USAGE says what is malformed. */
int reference_parse(struct err *e, const char *text, struct reference *ret) MUST_USE;
void reference_release(struct reference *r);
/* "host/path:tag@digest", fully spelt. The caller frees. */
char *reference_format(const struct reference *r);

#endif
