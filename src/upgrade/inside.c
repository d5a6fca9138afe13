/* SPDX-License-Identifier: MIT */
#include "upgrade/inside.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "engine/container.h"
#include "engine/image.h"
#include "host/container.h"

void inside_release(struct inside *i)
{
	free(i->id);
	free(i->socket);
	json_free(i->document);
	*i = (struct inside){ 0 };
}

/* Does the engine say that this container has the root directory that we have? True when nobody
 * can say. */
static bool has_layer(const struct json *document, const char *layer)
{
	const struct json *data = json_get(json_get(document, "GraphDriver"), "Data");
	const char *upper = json_str(data, "UpperDir");

	return !upper || !*layer || str_ends(upper, layer);
}

/* A container that shares another one's network shows the other one's identifier in its mounts. */
static int search(struct err *e, struct engine *g, const char *layer, struct json **ret)
{
	CLEANUP(container_list_release) struct container_list l = { 0 };

	if (engine_running_ids(e, g, &l) < 0)
		return -1;
	for (int i = 0; *layer && i < l.count && !*ret; i++) {
		CLEANUP(json_freep) struct json *document = NULL;
		const struct json *data;

		if (container_inspect(e, g, l.items[i].id, &document) < 0)
			return -1;
		data = json_get(json_get(document, "GraphDriver"), "Data");
		if (json_str(data, "UpperDir") && str_ends(json_str(data, "UpperDir"), layer))
			*ret = STEAL(document);
	}
	return 0;
}

static int identify(struct err *e, struct engine *g, const struct container_hints *h,
                    struct json **ret)
{
	*ret = NULL;
	for (int i = 0; i < h->count && !*ret; i++) {
		CLEANUP(json_freep) struct json *document = NULL;

		if (container_inspect(e, g, h->ids[i], &document) < 0)
			return -1;
		if (document && has_layer(document, h->layer))
			*ret = STEAL(document);
	}
	return *ret ? 0 : search(e, g, h->layer, ret);
}

int inside_look(struct err *e, const struct settings *s, struct inside *ret)
{
	const char *socket = s->socket ? s->socket : engine_usual_socket();
	CLEANUP(engine_closep) struct engine *g = NULL;
	struct container_hints hints;

	*ret = (struct inside){ 0 };
	container_hints(0, &hints);
	if (!hints.count || !socket)
		return 0;
	if (engine_open(e, socket, ENGINE_TIMEOUT_MS, &g) < 0 ||
	    identify(e, g, &hints, &ret->document) < 0)
		return -1;
	if (!ret->document)
		return 0;
	if (!json_str(ret->document, "Id"))
		return err_set(e, ERR_PRECHECK, "the engine at '%s' does not say who we are",
		               socket);
	ret->id = mem_dup(json_str(ret->document, "Id"));
	ret->socket = mem_dup(socket);
	return 0;
}

int inside_image(struct err *e, const struct inside *i, char **ret)
{
	const char *name = json_str(json_get(i->document, "Config"), "Image");
	CLEANUP(engine_closep) struct engine *g = NULL;
	CLEANUP(json_freep) struct json *image = NULL;
	const char *digest;

	if (engine_open(e, i->socket, ENGINE_TIMEOUT_MS, &g) < 0 ||
	    image_inspect(e, g, json_str(i->document, "Image"), &image) < 0)
		return -1;
	digest = json_string(json_first(json_get(image, "RepoDigests")));
	if (!digest)
		return err_set(e, ERR_PRECHECK,
		               "image '%s' came from no registry: name the IMAGE to upgrade to",
		               name ? name : "");
	*ret = mem_dup(digest);
	return 0;
}
