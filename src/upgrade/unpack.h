/* SPDX-License-Identifier: MIT */
/* unpack: which profile is for an image, and the files that it names, into the store. */
#ifndef UPGRADE_UNPACK_H
#define UPGRADE_UNPACK_H

#include "oci/extract.h"
#include "oci/reference.h"
#include "upgrade/profile.h"
#include "upgrade/run.h"

/* Those that are known without the image. */
struct profiles {
	struct profile *known;    /* of --profile or /etc/nodelift/profiles; NULL: none is for it */
	struct profile **builtin; /* one that was chosen is NULL */
	int builtin_count;
};

/* Before anything is downloaded, so that a typing error of the operator's is told at once. */
int profiles_open(struct err *e, const struct settings *s, const struct reference *ref,
                  struct profiles *ret) MUST_USE;
void profiles_release(struct profiles *p);

/*
 * The one that is known, else the image's own, else the built-in one whose required files are all
 * there. ERR_REJECTED when none fits. What *ret is, is taken out of *p.
 */
int unpack_image(struct err *e, struct run *r, const struct image *i, struct profiles *p,
                 struct extracted_list *ret_files, struct profile **ret) MUST_USE;

#endif
