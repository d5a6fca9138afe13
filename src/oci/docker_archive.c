/* SPDX-License-Identifier: MIT */
#include "oci/docker_archive.h"

#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "oci/kept.h"

#define MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define CONFIG "application/vnd.oci.image.config.v1+json"
#define LAYER "application/vnd.oci.image.layer.v1.tar"

static const struct json_reader reader = { ERR_REJECTED, "manifest.json" };

static int describe(struct err *e, const struct docker_archive *a, const char *name,
                    const char *type, struct json **ret)
{
	char text[DIGEST_TEXT_MAX];
	struct digest d;
	int64_t size;

	if (!a->resolve(name, &d, a->ctx) || (size = kept_size(a->store, &d)) < 0)
		return err_set(e, ERR_REJECTED,
		               "the archive lacks '%.200s', which its manifest.json names", name);
	digest_format(&d, text);
	*ret = json_object();
	json_set_str(*ret, "mediaType", type);
	json_set_str(*ret, "digest", text);
	json_set_int(*ret, "size", size);
	return 0;
}

static int describe_layers(struct err *e, const struct docker_archive *a, const struct json *image,
                           struct json *to)
{
	const struct json *layers;

	if (json_need_array(e, &reader, image, "Layers", &layers) < 0)
		return -1;
	if (json_length(layers) > IMAGE_LAYERS_MAX)
		return err_set(e, ERR_REJECTED, "manifest.json: more than %d layers",
		               IMAGE_LAYERS_MAX);
	for (const struct json *l = json_first(layers); l; l = json_next(l)) {
		struct json *one = NULL;

		if (!json_string(l))
			return err_set(e, ERR_REJECTED, "manifest.json: a layer is not a name");
		if (describe(e, a, json_string(l), LAYER, &one) < 0)
			return -1;
		json_push(to, one);
	}
	return 0;
}

static int make_manifest(struct err *e, const struct docker_archive *a, const struct json *image,
                         struct digest *ret)
{
	CLEANUP(json_freep) struct json *manifest = json_object();
	CLEANUP(mem_freep) char *text = NULL;
	struct json *config = NULL, *layers = json_array();
	const char *name;

	json_set_int(manifest, "schemaVersion", 2);
	json_set_str(manifest, "mediaType", MANIFEST);
	json_set(manifest, "layers", layers);
	if (json_need_str(e, &reader, image, "Config", &name) < 0 ||
	    describe(e, a, name, CONFIG, &config) < 0)
		return -1;
	json_set(manifest, "config", config);
	if (describe_layers(e, a, image, layers) < 0)
		return -1;
	text = json_print(manifest);
	digest_of(text, strlen(text), ret);
	return store_put(e, a->store, ret, text, strlen(text));
}

static void add_names(const struct json *tags, const struct digest *d, struct layout_images *ret)
{
	int before = ret->count;

	for (const struct json *t = json_first(tags); t; t = json_next(t))
		if (json_string(t) && layout_is_plain(json_string(t)) &&
		    ret->count < IMPORT_IMAGES_MAX)
			layout_images_add(ret, d, json_string(t), true);
	if (ret->count == before)
		layout_images_add(ret, d, NULL, false);
}

int docker_archive_list(struct err *e, const struct docker_archive *a, const struct json *manifest,
                        struct layout_images *ret)
{
	struct digest d;

	if (!json_is_array(manifest))
		return err_set(e, ERR_REJECTED, "manifest.json is not an array");
	if (json_length(manifest) > IMPORT_IMAGES_MAX)
		return err_set(e, ERR_REJECTED, "manifest.json names more than %d images",
		               IMPORT_IMAGES_MAX);
	for (const struct json *i = json_first(manifest); i; i = json_next(i)) {
		if (!json_is_object(i))
			return err_set(e, ERR_REJECTED, "manifest.json: an image is not an object");
		if (make_manifest(e, a, i, &d) < 0)
			return -1;
		add_names(json_get(i, "RepoTags"), &d, ret);
	}
	return 0;
}
