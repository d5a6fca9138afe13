/* SPDX-License-Identifier: MIT */
/*
 * image: what a manifest and its configuration say, after both were checked against their digests.
 * Formats: OCI image-spec 1.1 (manifest.md, image-index.md, config.md), Docker image manifest v2
 * schema 2.
 */
#ifndef OCI_IMAGE_H
#define OCI_IMAGE_H

#include <stdint.h>

#include "base/limits.h"
#include "codec/json.h"
#include "crypt/digest.h"

enum layer_compression { LAYER_PLAIN, LAYER_GZIP, LAYER_ZSTD };

struct layer {
	struct digest digest;  /* of the blob as it is transferred */
	struct digest diff_id; /* of the uncompressed tar */
	int64_t size;          /* bytes of the blob */
	enum layer_compression compression;
};

struct platform {
	const char *os;           /* "linux" */
	const char *architecture; /* Go's names: "amd64", "arm64" */
	const char *variant;      /* NULL when it does not matter */
};

struct image {
	char *reference;        /* as it was asked for, normalised */
	struct digest top;      /* what the reference resolved to: index or manifest */
	struct digest manifest; /* of the platform */
	struct digest config;
	char *architecture, *os;  /* from the configuration */
	struct json *config_json; /* the whole configuration, owned */
	struct layer *layers;     /* base first */
	int layer_count;
};

/* The platform of this machine. */
struct platform image_platform(void);

void image_free(struct image *i);
void image_freep(struct image **i); /* for CLEANUP */

/* Value of a label or of an environment variable in the configuration; NULL when not set. */
const char *image_label(const struct image *i, const char *name);
const char *image_env(const struct image *i, const char *name);

enum document_kind { DOCUMENT_MANIFEST, DOCUMENT_INDEX };

struct document_type {
	const char *name; /* media type */
	enum document_kind kind;
};
extern const struct document_type image_document_types[]; /* ends with a name that is NULL */

/*
 * Parse a document whose bytes have the digest already. media_type is what the transport said
 * (Content-Type or the descriptor's mediaType); NULL when it said nothing. ERR_REJECTED for
 * anything that is not exactly one known kind.
 */
int image_document_kind(struct err *e, const struct json *doc, const char *media_type,
                        enum document_kind *ret) MUST_USE;
/* The entry of an index for a platform. ERR_REJECTED names the platforms there are. */
int image_index_select(struct err *e, const struct json *index, const struct platform *p,
                       struct digest *ret, int64_t *ret_size) MUST_USE;
/* Fills layers (without diff_id) and config digest of *i. */
int image_read_manifest(struct err *e, const struct json *manifest, struct image *i,
                        int64_t *ret_config_size) MUST_USE;
/* Takes the configuration: platform and diff_ids, one for each layer. Owns `config` on success. */
int image_read_config(struct err *e, struct json *config, const struct platform *p,
                      struct image *i) MUST_USE;

#endif
