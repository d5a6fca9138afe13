/* SPDX-License-Identifier: MIT */
/* kept: documents that are in the store already. */
#ifndef OCI_KEPT_H
#define OCI_KEPT_H

#include "oci/registry.h"
#include "oci/store.h"

/* What was kept is hashed again: it is small, and a bad disk must not decide what is installed.
 * false: it is not there, or is something else by now. */
bool kept_document(const struct store *s, const struct digest *d, struct document *ret);
/* Bytes of what is in the store; -1: it is not there. */
int64_t kept_size(const struct store *s, const struct digest *d);

#endif
