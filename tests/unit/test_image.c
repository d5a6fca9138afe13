// SPDX-License-Identifier: MIT
#include "oci/image.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "tap.h"

#define OCI_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define OCI_INDEX "application/vnd.oci.image.index.v1+json"
#define DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define DOCKER_INDEX "application/vnd.docker.distribution.manifest.list.v2+json"
#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B64 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define CONFIG \
	"\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\"," \
	"\"digest\":\"sha256:" A64 "\",\"size\":7}"

static struct json *parse(const char *text)
{
	struct json *v = NULL;
	struct err e;

	if (json_parse(&e, ERR_BUG, "test", text, strlen(text), &v) < 0) {
		note("%s: %s", e.msg, text);
		abort();
	}
	return v;
}

static const struct {
	const char *doc, *type;
	int kind; /* -1: refused */
} kinds[] = {
	{ "{'schemaVersion':2,'config':{},'layers':[]}", OCI_MANIFEST, DOCUMENT_MANIFEST },
	{ "{'schemaVersion':2,'config':{},'layers':[]}", NULL, DOCUMENT_MANIFEST },
	{ "{'schemaVersion':2,'config':{},'layers':[]}", DOCKER_MANIFEST, DOCUMENT_MANIFEST },
	{ "{'schemaVersion':2,'config':{},'layers':[]}",
	  "APPLICATION/vnd.oci.image.manifest.v1+json; charset=x", DOCUMENT_MANIFEST },
	{ "{'schemaVersion':2,'manifests':[]}", OCI_INDEX, DOCUMENT_INDEX },
	{ "{'schemaVersion':2,'manifests':[]}", NULL, DOCUMENT_INDEX },
	{ "{'schemaVersion':2,'mediaType':'" DOCKER_INDEX "','manifests':[]}", DOCKER_INDEX,
	  DOCUMENT_INDEX },
	{ "{'schemaVersion':2,'mediaType':'" DOCKER_INDEX "','manifests':[]}", OCI_INDEX, -1 },
	{ "{'schemaVersion':2,'mediaType':'" OCI_MANIFEST "','layers':[]}", DOCKER_MANIFEST, -1 },
	{ "{'schemaVersion':2,'mediaType':'" OCI_INDEX "','layers':[]}", NULL, -1 },
	{ "{'schemaVersion':2,'mediaType':5,'layers':[]}", OCI_MANIFEST, -1 },
	{ "{'schemaVersion':2,'layers':[]}", OCI_INDEX, -1 },
	{ "{'schemaVersion':2,'manifests':[]}", OCI_MANIFEST, -1 },
	{ "{'schemaVersion':2,'manifests':[],'layers':[]}", NULL, -1 },
	{ "{'schemaVersion':2,'manifests':[],'config':{}}", OCI_INDEX, -1 },
	{ "{'schemaVersion':2,'manifests':[],'fsLayers':[]}", OCI_INDEX, -1 },
	{ "{'schemaVersion':1,'layers':[]}", NULL, -1 },
	{ "{'schemaVersion':'2','layers':[]}", NULL, -1 },
	{ "{'layers':[]}", OCI_MANIFEST, -1 },
	{ "{'schemaVersion':2}", OCI_MANIFEST, -1 },
	{ "{'schemaVersion':2,'layers':[]}", "text/html", -1 },
	{ "{'schemaVersion':2,'layers':[]}",
	  "application/vnd.docker.distribution.manifest.v1+prettyjws", -1 },
	{ "{'schemaVersion':2,'layers':[]}", OCI_MANIFEST "x", -1 },
	{ "[]", OCI_MANIFEST, -1 },
};

/* The table is easier to read with single quotes. */
static char *quoted(const char *text)
{
	char *copy = mem_dup(text);

	for (char *p = copy; *p; p++)
		if (*p == '\'')
			*p = '"';
	return copy;
}

static void test_kinds(void)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		CLEANUP(mem_freep) char *text = quoted(kinds[i].doc);
		CLEANUP(json_freep) struct json *doc = parse(text);
		enum document_kind kind = DOCUMENT_MANIFEST;
		struct err e;
		int failed = image_document_kind(&e, doc, kinds[i].type, &kind);

		is_int(failed < 0 ? -1 : (int)kind, kinds[i].kind, "kind of %s as %s", text,
		       kinds[i].type ? kinds[i].type : "(nothing)");
		if (failed < 0)
			is_int(e.code, ERR_REJECTED, "... is rejected");
	}
}

static const struct {
	const char *architecture, *variant; /* of the node */
	const char *entries;                /* "architecture[/variant] ...", by their position */
	int chosen;                         /* -1: none */
} platforms[] = {
	{ "amd64", NULL, "arm64 amd64", 1 },
	{ "amd64", NULL, "x86_64", 0 },
	{ "amd64", NULL, "amd64/v3 amd64", 1 },
	{ "amd64", NULL, "amd64/v3", -1 },
	{ "amd64", NULL, "amd64/v1", 0 },
	{ "amd64", NULL, "amd64 amd64", 0 },
	{ "amd64", NULL, "386 arm64 s390x", -1 },
	{ "amd64", NULL, "", -1 },
	{ "arm64", NULL, "arm/v7 arm64/v8", 1 },
	{ "arm64", NULL, "aarch64", 0 },
	{ "arm64", "v8", "arm64", 0 },
	{ "arm64", NULL, "arm64/v9", -1 },
	{ "arm64", NULL, "arm/v7", -1 },
	{ "arm", "v7", "arm/v5 arm/v6 arm/v7 arm64", 2 },
	{ "arm", "v7", "arm/v6", 0 },
	{ "arm", "v6", "arm/v7", -1 },
	{ "arm", "v7", "arm", 0 },
	{ "unknown", NULL, "arm64", -1 },
};

static char *make_index(const char *entries)
{
	CLEANUP(mem_freep) char *copy = mem_dup(entries);
	struct str s = { 0 };
	char *save = NULL;
	int n = 0;

	str_addf(&s, "{\"manifests\":[");
	for (char *p = strtok_r(copy, " ", &save); p; p = strtok_r(NULL, " ", &save), n++) {
		char *slash = strchr(p, '/');

		if (slash)
			*slash++ = '\0';
		str_addf(&s,
		         "%s{\"mediaType\":\"" OCI_MANIFEST
		         "\",\"digest\":\"sha256:%064d\",\"size\":%d,"
		         "\"platform\":{\"os\":\"linux\",\"architecture\":\"%s\"%s%s%s}}",
		         n ? "," : "", n, n, p, slash ? ",\"variant\":\"" : "", slash ? slash : "",
		         slash ? "\"" : "");
	}
	str_addf(&s, "]}");
	return str_steal(&s);
}

static void test_select(void)
{
	for (size_t i = 0; i < sizeof(platforms) / sizeof(*platforms); i++) {
		CLEANUP(mem_freep) char *text = make_index(platforms[i].entries);
		CLEANUP(json_freep) struct json *index = parse(text);
		struct platform p = { "linux", platforms[i].architecture, platforms[i].variant };
		struct digest digest;
		int64_t size = -1;
		struct err e;
		int failed = image_index_select(&e, index, &p, &digest, &size);

		is_int(failed < 0 ? -1 : size, platforms[i].chosen, "%s of: %s", p.architecture,
		       platforms[i].entries);
	}
}

static int read_layers(const char *layers, struct image *i)
{
	CLEANUP(mem_freep) char *text = mem_printf("{" CONFIG ",\"layers\":[%s]}", layers);
	CLEANUP(json_freep) struct json *doc = parse(text);
	int64_t size = -1;
	struct err e;

	if (image_read_manifest(&e, doc, i, &size) < 0)
		return e.code == ERR_REJECTED ? -1 : -2;
	return (int)size;
}

#define LAYER(type, digest, size) \
	"{\"mediaType\":\"" type "\",\"digest\":\"" digest "\",\"size\":" size "}"
#define GZIP "application/vnd.oci.image.layer.v1.tar+gzip"

static void test_manifest(void)
{
	struct image i = { 0 };

	is_int(read_layers(LAYER(GZIP, "sha256:" A64, "5") "," LAYER(
				   "application/vnd.oci.image.layer.v1.tar+zstd", "sha256:" B64,
				   "0") "," LAYER("application/vnd.docker.image.rootfs.diff.tar",
	                                          "sha512:" A64 B64, "1"),
	                   &i),
	       7, "three layers");
	is_int(i.layer_count, 3, "... are counted");
	is_int(i.layers[0].compression, LAYER_GZIP, "gzip");
	is_int(i.layers[1].compression, LAYER_ZSTD, "zstd");
	is_int(i.layers[2].compression, LAYER_PLAIN, "plain");
	is_int(i.layers[0].size, 5, "size");
	is_int(read_layers("", &i), 7, "no layer");
	is_int(read_layers(LAYER(GZIP, "sha256:" A64, "17179869184"), &i), 7, "16 GiB");
	is_int(read_layers(LAYER(GZIP, "sha256:" A64, "17179869185"), &i), -1, "one byte more");
	is_int(read_layers(LAYER(GZIP, "sha256:../" A64, "5"), &i), -1, "a path");
	is_int(read_layers(LAYER(GZIP, "sha256:" A64, "-1"), &i), -1, "negative");
	is_int(read_layers(LAYER(GZIP, "sha256:" A64, "1e300"), &i), -1, "huge");
	is_int(read_layers(LAYER(GZIP, "sha256:" A64, "\"5\""), &i), -1, "a string");
	is_int(read_layers(LAYER("x", "sha256:" A64, "5"), &i), -1, "unknown type");
	is_int(read_layers("null", &i), -1, "null");
	is_int(read_layers("{}", &i), -1, "empty");
	free(i.layers);
}

/* 0, or the exit class of the error */
static int read_config(struct image *i, const char *text, const char *architecture)
{
	struct platform p = { "linux", architecture, NULL };
	struct json *doc = parse(text);
	struct err e;

	if (image_read_config(&e, doc, &p, i) == 0)
		return 0;
	json_free(doc);
	return -(int)e.code;
}

static void test_config(void)
{
	const char *text = "{\"os\":\"linux\",\"architecture\":\"amd64\",\"config\":{"
			   "\"Labels\":{\"a\":\"b\"},\"Env\":[\"PATH=/bin\",\"V=1=2\",\"E=\",7]},"
			   "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:" B64 "\"]}}";
	struct image *i = mem_alloc(sizeof(*i));

	is_int(read_layers(LAYER(GZIP, "sha256:" A64, "5"), i), 7, "one layer");
	is_int(read_config(i, text, "amd64"), 0, "its configuration");
	is_str(i->architecture, "amd64", "architecture");
	is_str(image_label(i, "a"), "b", "a label");
	is_str(image_label(i, "A"), NULL, "names are case-sensitive");
	is_str(image_env(i, "V"), "1=2", "a variable");
	is_str(image_env(i, "E"), "", "an empty one");
	is_str(image_env(i, "PAT"), NULL, "one that is not there");
	is_int(read_config(i, text, "arm64"), -ERR_REJECTED, "another architecture");
	is_int(read_config(i, "{\"os\":\"linux\",\"architecture\":\"amd64\"}", "amd64"),
	       -ERR_REJECTED, "no diff_ids");
	is_int(read_config(i,
	                   "{\"os\":\"windows\",\"architecture\":\"amd64\",\"rootfs\":{\"diff_"
	                   "ids\":[\"sha256:" A64 "\"]}}",
	                   "amd64"),
	       -ERR_REJECTED, "another system");
	is_int(read_config(
		       i,
		       "{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"diff_ids\":[]}}",
		       "amd64"),
	       -ERR_REJECTED, "one diff_id too few");
	is_int(read_config(i,
	                   "{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"diff_ids\":["
	                   "7]}}",
	                   "amd64"),
	       -ERR_REJECTED, "a diff_id that is a number");
	is_int(read_config(i, "[]", "amd64"), -ERR_REJECTED, "an array");
	image_free(i);
}

int main(void)
{
	test_kinds();
	test_select();
	test_manifest();
	test_config();
	is_str(image_platform().os, "linux", "this machine");
	return done_testing();
}
