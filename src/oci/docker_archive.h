/* SPDX-License-Identifier: MIT */
/*
 * docker_archive: what the manifest.json of `docker save` says (moby, image/spec v1.2, "Combined Image
 * JSON + Filesystem Changeset Format"):
 *
 *	[{"Config": NAME, "RepoTags": ["engine:26.1.5"], "Layers": [NAME, ...]}, ...]
 *
 * Such an archive has no manifest. One is made, the same for the same content: an OCI manifest over
 * the configuration and the layers as they are. It is nobody's, so it is never what somebody signed.
 */
#ifndef OCI_DOCKER_ARCHIVE_H
#define OCI_DOCKER_ARCHIVE_H

#include "oci/layout.h"

struct docker_archive {
	struct store *store;
	/* Which content has that name in the archive? false: none. */
	bool (*resolve)(const char *name, struct digest *ret, void *ctx);
	void *ctx;
};

/* Adds its images, their manifests put into the store. ERR_REJECTED also when content is missing. */
int docker_archive_list(struct err *e, const struct docker_archive *a, const struct json *manifest,
                        struct layout_images *ret) MUST_USE;

#endif
