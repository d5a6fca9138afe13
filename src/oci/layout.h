/* SPDX-License-Identifier: MIT */
/*
 * layout: what the index.json of an OCI layout says (OCI image-spec, image-layout.md), once its blobs
 * are in the store: which images there are, and which signatures of them.
 *
 * Names are looked for where tools leave them: the annotation io.containerd.image.name, and
 * org.opencontainers.image.ref.name, which is a whole reference (skopeo, buildah) or a tag.
 *
 * Signatures are where nodelift save, cosign save and copies between layouts leave them: an entry
 * whose ref.name is the tag that it has in a registry (oci/discover.h), one with the annotation "kind"
 * of cosign save, and any manifest in index.json whose `subject` is the image.
 */
#ifndef OCI_LAYOUT_H
#define OCI_LAYOUT_H

#include "codec/json.h"
#include "oci/discover.h"
#include "oci/origin.h"
#include "oci/store.h"

#define LAYOUT_REF_NAME "org.opencontainers.image.ref.name"
#define LAYOUT_IMAGE_NAME "io.containerd.image.name"
#define LAYOUT_KIND "kind"
#define LAYOUT_KIND_IMAGE "dev.cosignproject.cosign/image"
#define LAYOUT_KIND_INDEX "dev.cosignproject.cosign/imageIndex"
#define LAYOUT_KIND_SIGNATURES "dev.cosignproject.cosign/sigs"
/* Of index.json itself, by nodelift save. An engine that loads the archive keeps the annotations of the
 * image, "kind" too, and writes them where it saves no signature; it does not keep this one. */
#define LAYOUT_SIGNATURES "nodelift.signatures"
#define LAYOUT_SIGNATURES_ALL "all"

/* Is a name out of an archive fit to be shown: nothing but visible ASCII? */
bool layout_is_plain(const char *name);

/* One name of one image. */
struct layout_image {
	struct digest top;
	char *name; /* a reference, a tag, or NULL */
	bool whole; /* it is a reference */
};
struct layout_images {
	struct layout_image *items;
	int count;
};
void layout_images_add(struct layout_images *l, const struct digest *top, const char *name,
                       bool whole);
void layout_images_release(struct layout_images *l);

/* Adds those of index.json. ERR_REJECTED when it is malformed, or there are too many. */
int layout_list(struct err *e, const struct json *index, const struct store *s,
                struct layout_images *ret) MUST_USE;
/* Does it say that all signatures are in it? index may be NULL. */
bool layout_has_all(const struct json *index);
/*
 * The one that is meant. Several, and none is named: ERR_USAGE with their names. *ret_name is what it is
 * called there, or NULL. `exact`: a digest in o->name must be the image's own.
 */
int layout_choose(struct err *e, const struct layout_images *l, const struct origin *o, bool exact,
                  struct digest *ret_top, const char **ret_name) MUST_USE;

/* Signatures out of it, for discover.h; index may be NULL. */
struct layout_place {
	const struct json *index;
	const struct store *store;
};
struct discover_place layout_signatures(struct layout_place *p);

#endif
