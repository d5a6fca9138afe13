/* SPDX-License-Identifier: MIT */
/*
 * inside: are we in a container of the engine whose socket we have, and in which?
 */
#ifndef UPGRADE_INSIDE_H
#define UPGRADE_INSIDE_H

#include <stdbool.h>

#include "codec/json.h"
#include "upgrade/settings.h"

struct inside {
	char *id;              /* of this container; NULL: in none of the engine's */
	char *socket;          /* the engine's, here */
	struct json *document; /* what the engine knows of this container */
};

/* Are we in a container of the engine that we have the socket of? */
int inside_look(struct err *e, const struct settings *s, struct inside *ret) MUST_USE;
void inside_release(struct inside *i);

/* The image that this container was made from, by the name and digest that its registry knows. */
int inside_image(struct err *e, const struct inside *i, char **ret) MUST_USE;

#endif
