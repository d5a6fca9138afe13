/* SPDX-License-Identifier: MIT */
/*
 * evidence: the signatures that an image was accepted for, kept so that they can be checked again without
 * a network. One file for each image, DIR/sha256-HEX.json with the HEX of its top document:
 *
 *	{"signatures": [{"format": "classic", "document": BASE64, "signature": TEXT},
 *	                {"format": "bundle", "document": BASE64}]}
 *
 * It proves nothing by being there: who loads it checks it, with the keys of today.
 */
#ifndef OCI_EVIDENCE_H
#define OCI_EVIDENCE_H

#include "oci/signature.h"
#include "oci/store.h"

/* Durable; replaces what was kept for that image. ERR_REJECTED when it is too large to be kept. */
int evidence_save(struct err *e, const char *dir, const struct digest *top,
                  const struct signature_list *l) MUST_USE;
/* An empty list when nothing is kept. ERR_REJECTED when it cannot be read as evidence. */
int evidence_load(struct err *e, const char *dir, const struct digest *top,
                  struct signature_list *ret) MUST_USE;
/* Forgets that of images whose top document is not in the store any more. */
int evidence_prune(struct err *e, const char *dir, const struct store *s) MUST_USE;

#endif
