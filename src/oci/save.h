/* SPDX-License-Identifier: MIT */
/*
 * save: an image with its signatures as one OCI archive (OCI image-spec, image-layout.md, in a tar):
 *
 *	oci-layout
 *	index.json      the image under its name, then its signatures as oci/layout.h looks for them
 *	manifest.json   the same image for `docker load` of engines that know no layouts
 *	blobs/...       the document that was signed, the platform's manifest, what these name
 *
 * Of an index only one platform's image is there; that the others are missing is told by nothing but
 * their absence, because the index itself is what was signed. The same image gives the same bytes.
 */
#ifndef OCI_SAVE_H
#define OCI_SAVE_H

#include "io/sink.h"
#include "oci/collect.h"
#include "oci/image.h"

/* All content is in the store. `name` is the image's, with a tag or a digest; host "" for none. The
 * caller finishes the sink. */
int save_archive(struct err *e, const struct image *i, const struct reference *name,
                 const struct collection *signatures, const struct store *s,
                 struct sink *to) MUST_USE;

#endif
