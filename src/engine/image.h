/* SPDX-License-Identifier: MIT */
/* image: what the engine keeps in its own store. Docker Engine API, "Image". */
#ifndef ENGINE_IMAGE_H
#define ENGINE_IMAGE_H

#include "codec/json.h"
#include "engine/engine.h"
#include "io/sink.h"

/* What the engine knows of an image; NULL when it knows none of that id or name. */
int image_inspect(struct err *e, struct engine *g, const char *id, struct json **ret) MUST_USE;
/* The archive of `docker save`, as it comes. The sink is not finished. */
int image_export(struct err *e, struct engine *g, const char *id, struct sink *to) MUST_USE;

#endif
