/* SPDX-License-Identifier: MIT */
/*
 * fetch: from a reference to verified content in the store.
 *
 * A tag or digest is resolved to a manifest of the wanted platform, configuration and layers are
 * downloaded into the store, several at once; what the store has already is not asked for again.
 * Of an import (oci/import.h) nothing is downloaded: what it lacks is an error.
 */
#ifndef OCI_FETCH_H
#define OCI_FETCH_H

#include <stdbool.h>

#include "oci/collect.h"
#include "oci/image.h"
#include "oci/import.h"
#include "oci/reference.h"
#include "oci/signature.h"
#include "oci/store.h"

struct fetch_progress {
	int64_t total;      /* bytes of the image's layers and configuration */
	int64_t done;       /* bytes that are in the store, fetched now or there before */
	int64_t downloaded; /* bytes that came over the network now */
};

struct fetch;

struct fetch_options {
	const char *ca_file;     /* extra roots (PEM), or NULL */
	const char *config_file; /* Docker's config.json with credentials; NULL: the usual places */
	const char *certs_dir;   /* "/etc/docker/certs.d"; has HOST[:PORT]/ca.crt */
	const char *const *credential_helpers; /* that may be executed, NULL-terminated, or NULL */
	/* Where registries have mirrors, and which are insecure: as in struct endpoint_options. */
	const char *hosts_dir, *daemon_file;
	const char *const *insecure;
	bool signed_required; /* mirrors do not say what a tag means */
	bool plain_http;      /* allowed for loopback registries, and those that are insecure */
	int parallel;         /* transfers at once; 0: a sensible number */
	struct platform platform;
	/* Called now and then from the calling thread; may be NULL. Not 0: stop with ERR_RETRY. */
	int (*progress)(const struct fetch_progress *p, void *ctx);
	/*
	 * May this content be fetched? Called once, as soon as it is known what the reference leads to,
	 * and before configuration and layers are asked for. May be NULL. -1: no, with the error.
	 * After ERR_REJECTED for an import that was made anew (import.h, `remade`) it is called once more,
	 * for the original in its registry, from which then nothing but documents is taken.
	 */
	int (*approve)(struct err *e, struct fetch *f, const struct digest *top, void *ctx);
	/* And this image? Called once, when its configuration is known, and before layers are asked for. */
	int (*examine)(struct err *e, const struct image *i, void *ctx);
	void *ctx;
	const struct import *import; /* what the image is taken from; NULL: the registry */
	struct collection
		*collection; /* gets all signatures of the image; NULL: nobody wants them */
};

/* For approve(): the signatures of that digest which are kept where the image comes from. As in discover.h. */
int fetch_signatures(struct err *e, struct fetch *f, const struct digest *top,
                     enum signature_format format, struct signature_list *ret) MUST_USE;

/*
 * r is the image's name also for an import.
 *
 * ERR_RETRY    the registry or the network failed, also after several attempts
 * ERR_REJECTED what came is not what its digest promises, or no image for this platform
 * ERR_PRECHECK no space, cannot write the store
 * ERR_USAGE    config.json cannot be read, plain HTTP not allowed
 */
int fetch_image(struct err *e, const struct fetch_options *o, const struct reference *r,
                struct store *s, struct image **ret) MUST_USE;

/* Only what the reference points to now, without layers: one or two small requests. */
int fetch_resolve(struct err *e, const struct fetch_options *o, const struct reference *r,
                  struct digest *ret_top) MUST_USE;

#endif
