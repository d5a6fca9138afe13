/* SPDX-License-Identifier: MIT */
#include "oci/image.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/utsname.h>

#include "base/mem.h"
#include "base/str.h"

#define TYPE_MAX 256 /* characters of a media type */
#define SCHEMA 2

static const struct json_reader manifest_reader = { ERR_REJECTED, "manifest" };
static const struct json_reader index_reader = { ERR_REJECTED, "index" };
static const struct json_reader config_reader = { ERR_REJECTED, "image configuration" };

const struct document_type image_document_types[] = {
	{ "application/vnd.oci.image.manifest.v1+json", DOCUMENT_MANIFEST },
	{ "application/vnd.oci.image.index.v1+json", DOCUMENT_INDEX },
	{ "application/vnd.docker.distribution.manifest.v2+json", DOCUMENT_MANIFEST },
	{ "application/vnd.docker.distribution.manifest.list.v2+json", DOCUMENT_INDEX },
	{ NULL, DOCUMENT_MANIFEST },
};

/* OCI image-spec layer.md and media-types.md; Docker manifest v2 schema 2. "foreign" layers carry
 * addresses of other servers, which are ignored: the blob comes from the registry or not at all. */
static const struct {
	const char *type;
	enum layer_compression compression;
} layer_types[] = {
	{ "application/vnd.oci.image.layer.v1.tar", LAYER_PLAIN },
	{ "application/vnd.oci.image.layer.v1.tar+gzip", LAYER_GZIP },
	{ "application/vnd.oci.image.layer.v1.tar+zstd", LAYER_ZSTD },
	{ "application/vnd.oci.image.layer.nondistributable.v1.tar", LAYER_PLAIN },
	{ "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", LAYER_GZIP },
	{ "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", LAYER_ZSTD },
	{ "application/vnd.docker.image.rootfs.diff.tar", LAYER_PLAIN },
	{ "application/vnd.docker.image.rootfs.diff.tar.gzip", LAYER_GZIP },
	{ "application/vnd.docker.image.rootfs.diff.tar.zstd", LAYER_ZSTD },
	{ "application/vnd.docker.image.rootfs.foreign.diff.tar", LAYER_PLAIN },
	{ "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", LAYER_GZIP },
};

static const char *const config_types[] = {
	"application/vnd.oci.image.config.v1+json",
	"application/vnd.docker.container.image.v1+json",
	"application/octet-stream", /* written by old clients; moby and containerd take it as well */
};

/* What the kernel, Debian or Go call it -> what an image calls it. */
static const struct {
	const char *name, *architecture, *variant;
} architectures[] = {
	{ "x86_64", "amd64", NULL },
	{ "x86-64", "amd64", NULL },
	{ "aarch64", "arm64", NULL },
	{ "armv8l", "arm", "v7" },
	{ "armv7l", "arm", "v7" },
	{ "armhf", "arm", "v7" },
	{ "armv6l", "arm", "v6" },
	{ "armel", "arm", "v6" },
	{ "i386", "386", NULL },
	{ "i486", "386", NULL },
	{ "i586", "386", NULL },
	{ "i686", "386", NULL },
	{ "loongarch64", "loong64", NULL },
};

static struct platform normalise(const char *os, const char *architecture, const char *variant)
{
	struct platform p = { os, architecture, variant && *variant ? variant : NULL };

	for (size_t i = 0; i < sizeof(architectures) / sizeof(*architectures); i++)
		if (strcasecmp(architecture, architectures[i].name) == 0) {
			p.architecture = architectures[i].architecture;
			if (!p.variant)
				p.variant = architectures[i].variant;
		}
	/* The base of an architecture goes by several names. */
	if (p.variant && strcmp(p.architecture, "arm64") == 0 &&
	    (strcmp(p.variant, "v8") == 0 || strcmp(p.variant, "8") == 0))
		p.variant = NULL;
	if (p.variant && strcmp(p.architecture, "amd64") == 0 && strcmp(p.variant, "v1") == 0)
		p.variant = NULL;
	if (strcmp(p.architecture, "arm") == 0 && !p.variant)
		p.variant = "v7";
	return p;
}

/*
 * 0: does not run here. Otherwise the higher the better: of 32-bit ARM, a machine runs the versions
 * below its own as well; an amd64 or arm64 entry with a variant asks for more than the base and is
 * taken by none but who asked for it.
 */
static int rank(const struct platform *want, const struct platform *have)
{
	struct platform w = normalise(want->os, want->architecture, want->variant);

	if (strcmp(w.os, have->os) != 0 || strcmp(w.architecture, have->architecture) != 0)
		return 0;
	if (strcmp(w.architecture, "arm") == 0 && have->variant)
		return strcmp(have->variant, w.variant) > 0
		               ? 0
		               : 1 + have->variant[strlen(have->variant) - 1];
	if (!w.variant || !have->variant)
		return !w.variant && !have->variant;
	return strcmp(w.variant, have->variant) == 0;
}

struct platform image_platform(void)
{
	static struct utsname name;

	uname(&name);
	return normalise("linux", name.machine, NULL);
}

void image_free(struct image *i)
{
	if (!i)
		return;
	free(i->reference);
	free(i->architecture);
	free(i->os);
	json_free(i->config_json);
	free(i->layers);
	free(i);
}

void image_freep(struct image **i)
{
	image_free(*i);
}

const char *image_label(const struct image *i, const char *name)
{
	return json_str(json_get(json_get(i->config_json, "config"), "Labels"), name);
}

const char *image_env(const struct image *i, const char *name)
{
	const struct json *env = json_get(json_get(i->config_json, "config"), "Env");
	size_t len = strlen(name);

	for (const struct json *v = json_is_array(env) ? json_first(env) : NULL; v;
	     v = json_next(v)) {
		const char *text = json_string(v);

		if (text && strncmp(text, name, len) == 0 && text[len] == '=')
			return text + len + 1;
	}
	return NULL;
}

/* ---- which kind of document ---- */

/* "a/b; charset=utf-8" is the type "a/b"; types are not case-sensitive (RFC 9110, 8.3.1). */
static const struct document_type *known_type(const char *text)
{
	size_t len = strcspn(text, "; \t");

	for (const struct document_type *t = image_document_types; t->name; t++)
		if (strlen(t->name) == len && strncasecmp(text, t->name, len) == 0)
			return t;
	return NULL;
}

static int find_type(struct err *e, const char *text, const struct document_type **ret)
{
	*ret = known_type(text);
	if (*ret)
		return 0;
	if (str_starts(text, "application/vnd.docker.distribution.manifest.v1+"))
		return err_set(e, ERR_REJECTED,
		               "manifest of schema 1, which proves nothing: push it anew");
	return err_set(e, ERR_REJECTED, "'%.*s' is not a type of manifest", TYPE_MAX, text);
}

int image_document_kind(struct err *e, const struct json *doc, const char *media_type,
                        enum document_kind *ret)
{
	const struct document_type *said = NULL, *inside = NULL;
	const char *own = json_str(doc, "mediaType");
	bool index = json_get(doc, "manifests");
	bool manifest = json_get(doc, "layers") || json_get(doc, "config");

	if (!json_is_object(doc))
		return err_set(e, ERR_REJECTED, "manifest is not a JSON object");
	if (json_int(doc, "schemaVersion", 0) == 1 || json_get(doc, "fsLayers"))
		return err_set(e, ERR_REJECTED,
		               "manifest of schema 1, which proves nothing: push it anew");
	if (json_int(doc, "schemaVersion", 0) != SCHEMA)
		return err_set(e, ERR_REJECTED, "manifest: key 'schemaVersion' must be %d", SCHEMA);
	/* CVE-2021-41190: one digest must not mean two things */
	if (index && manifest)
		return err_set(e, ERR_REJECTED, "document is manifest and index at once");
	if (!index && !manifest)
		return err_set(e, ERR_REJECTED, "document is neither manifest nor index");
	if (media_type && find_type(e, media_type, &said) < 0)
		return -1;
	if (json_get(doc, "mediaType") && find_type(e, own ? own : "?", &inside) < 0)
		return -1;
	if (said && inside && said != inside)
		return err_set(e, ERR_REJECTED, "manifest says it is '%s' but came as '%s'",
		               inside->name, said->name);
	*ret = index ? DOCUMENT_INDEX : DOCUMENT_MANIFEST;
	if ((said && said->kind != *ret) || (inside && inside->kind != *ret))
		return err_set(e, ERR_REJECTED, "%s has the type '%s'",
		               index ? "index" : "manifest", (inside ? inside : said)->name);
	return 0;
}

/* ---- index ---- */

static int need_digest(struct err *e, const struct json_reader *r, const struct json *descriptor,
                       struct digest *ret)
{
	const char *text;

	if (json_need_str(e, r, descriptor, "digest", &text) < 0)
		return -1;
	if (digest_parse(e, text, ret) < 0)
		return err_wrap(e, "%s", r->name);
	return 0;
}

/* Platforms that are there, for people; attestations say "unknown". */
static char *list_platforms(const struct json *manifests)
{
	struct str list = { 0 };

	for (const struct json *m = json_first(manifests); m; m = json_next(m)) {
		const struct json *p = json_get(m, "platform");
		const char *os = json_str(p, "os"), *architecture = json_str(p, "architecture");
		const char *variant = json_str(p, "variant");

		if (!os || !architecture || strcmp(architecture, "unknown") == 0 ||
		    list.len > ERR_MSG_MAX / 2)
			continue;
		str_addf(&list, "%s%.32s/%.32s%s%.16s", list.len ? ", " : "", os, architecture,
		         variant ? "/" : "", variant ? variant : "");
	}
	return list.len ? str_steal(&list) : mem_dup("none");
}

static int entry_rank(const struct json *entry, const struct platform *want)
{
	const struct json *platform = json_get(entry, "platform");
	const char *os = json_str(platform, "os"),
		   *architecture = json_str(platform, "architecture");
	const char *type = json_str(entry, "mediaType");
	const struct document_type *known = type ? known_type(type) : NULL;
	struct platform have;

	if (!os || !architecture || !known || known->kind != DOCUMENT_MANIFEST)
		return 0;
	have = normalise(os, architecture, json_str(platform, "variant"));
	return rank(want, &have);
}

int image_index_select(struct err *e, const struct json *index, const struct platform *p,
                       struct digest *ret, int64_t *ret_size)
{
	const struct json *manifests, *best = NULL;
	CLEANUP(mem_freep) char *list = NULL;
	int best_rank = 0;

	if (json_need_array(e, &index_reader, index, "manifests", &manifests) < 0)
		return -1;
	if (json_length(manifests) > IMAGE_INDEX_MAX)
		return err_set(e, ERR_REJECTED, "index has more than %d entries", IMAGE_INDEX_MAX);
	for (const struct json *m = json_first(manifests); m; m = json_next(m)) {
		int r = entry_rank(m, p);

		if (r > best_rank) {
			best_rank = r;
			best = m;
		}
	}
	if (!best) {
		list = list_platforms(manifests);
		return err_set(e, ERR_REJECTED, "no image for %s/%s%s%s, there is: %s", p->os,
		               p->architecture, p->variant ? "/" : "", p->variant ? p->variant : "",
		               list);
	}
	if (need_digest(e, &index_reader, best, ret) < 0 ||
	    json_need_int(e, &index_reader, best, "size", ret_size) < 0)
		return -1;
	if (*ret_size > IMAGE_MANIFEST_MAX)
		return err_set(e, ERR_REJECTED, "manifest is larger than %d bytes",
		               IMAGE_MANIFEST_MAX);
	return 0;
}

/* ---- manifest ---- */

static int read_layer(struct err *e, const struct json *descriptor, struct layer *ret)
{
	const char *type;

	if (need_digest(e, &manifest_reader, descriptor, &ret->digest) < 0 ||
	    json_need_int(e, &manifest_reader, descriptor, "size", &ret->size) < 0 ||
	    json_need_str(e, &manifest_reader, descriptor, "mediaType", &type) < 0)
		return -1;
	if (ret->size > IMAGE_LAYER_MAX)
		return err_set(e, ERR_REJECTED, "layer is larger than %lld bytes", IMAGE_LAYER_MAX);
	for (size_t i = 0; i < sizeof(layer_types) / sizeof(*layer_types); i++)
		if (strcmp(type, layer_types[i].type) == 0) {
			ret->compression = layer_types[i].compression;
			return 0;
		}
	return err_set(e, ERR_REJECTED, "manifest: '%.*s' is not a known type of layer", TYPE_MAX,
	               type);
}

static int check_config_type(struct err *e, const struct json *config)
{
	const char *type;

	if (json_need_str(e, &manifest_reader, config, "mediaType", &type) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(config_types) / sizeof(*config_types); i++)
		if (strcmp(type, config_types[i]) == 0)
			return 0;
	return err_set(e, ERR_REJECTED, "not a container image: its configuration is '%.*s'",
	               TYPE_MAX, type);
}

int image_read_manifest(struct err *e, const struct json *manifest, struct image *i,
                        int64_t *ret_config_size)
{
	const struct json *config, *layers;
	int count = 0;

	if (json_need_object(e, &manifest_reader, manifest, "config", &config) < 0 ||
	    check_config_type(e, config) < 0 ||
	    need_digest(e, &manifest_reader, config, &i->config) < 0 ||
	    json_need_int(e, &manifest_reader, config, "size", ret_config_size) < 0 ||
	    json_need_array(e, &manifest_reader, manifest, "layers", &layers) < 0)
		return -1;
	if (*ret_config_size > IMAGE_MANIFEST_MAX)
		return err_set(e, ERR_REJECTED, "image configuration is larger than %d bytes",
		               IMAGE_MANIFEST_MAX);
	if (json_length(layers) > IMAGE_LAYERS_MAX)
		return err_set(e, ERR_REJECTED, "manifest has more than %d layers",
		               IMAGE_LAYERS_MAX);
	free(i->layers);
	i->layers = mem_alloc((size_t)json_length(layers) * sizeof(*i->layers));
	i->layer_count = 0;
	for (const struct json *l = json_first(layers); l; l = json_next(l))
		if (read_layer(e, l, &i->layers[count++]) < 0)
			return -1;
	i->layer_count = count;
	return 0;
}

/* ---- configuration ---- */

static int check_platform(struct err *e, const struct json *config, const struct platform *want,
                          struct image *i)
{
	const char *os, *architecture;
	struct platform have;

	if (json_need_str(e, &config_reader, config, "os", &os) < 0 ||
	    json_need_str(e, &config_reader, config, "architecture", &architecture) < 0)
		return -1;
	have = normalise(os, architecture, json_str(config, "variant"));
	if (!rank(want, &have))
		return err_set(e, ERR_REJECTED,
		               "image is for %.32s/%.32s%s%.16s, this node is %s/%s", have.os,
		               have.architecture, have.variant ? "/" : "",
		               have.variant ? have.variant : "", want->os, want->architecture);
	free(i->os);
	free(i->architecture);
	i->os = mem_dup(have.os);
	i->architecture = mem_dup(have.architecture);
	return 0;
}

static int read_diff_ids(struct err *e, const struct json *config, struct image *i)
{
	const struct json *rootfs, *ids;
	int n = 0;

	if (json_need_object(e, &config_reader, config, "rootfs", &rootfs) < 0 ||
	    json_need_array(e, &config_reader, rootfs, "diff_ids", &ids) < 0)
		return -1;
	if (json_length(ids) != i->layer_count)
		return err_set(e, ERR_REJECTED,
		               "manifest has %d layers but the image configuration has %d",
		               i->layer_count, json_length(ids));
	for (const struct json *v = json_first(ids); v; v = json_next(v)) {
		const char *text = json_string(v);

		if (digest_parse(e, text ? text : "", &i->layers[n++].diff_id) < 0)
			return err_wrap(e, "image configuration");
	}
	return 0;
}

int image_read_config(struct err *e, struct json *config, const struct platform *p, struct image *i)
{
	if (!json_is_object(config))
		return err_set(e, ERR_REJECTED, "image configuration is not a JSON object");
	if (check_platform(e, config, p, i) < 0 || read_diff_ids(e, config, i) < 0)
		return -1;
	json_free(i->config_json);
	i->config_json = config;
	return 0;
}
