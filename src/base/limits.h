/* SPDX-License-Identifier: MIT */
/*
 * limits: how much nodelift takes of what others send, all in one place. One more is refused:
 * content with ERR_REJECTED (status 20), the conduct of a server with ERR_RETRY (12).
 *
 * Each is tried at its value and one above: tests/hostile/limits (servers and documents) and
 * volumes.py (archives), 10-pull-liar.t, 76-signature-liar.t, or in a unit test. Not tried are
 * HTTP_CONNECT_MS and HIDING_MAX; of EXTRACT_LAYER_MAX the mechanism is (test_inflate.c), not the size.
 */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

/* ---- transfers ---- */

#define HTTP_CONNECT_MS 15000 /* name, connection and TLS */
#define HTTP_SPEED_MIN 1024   /* bytes a second, over ... */
#define HTTP_SPEED_SECONDS 30
#define HTTP_REDIRECTS 10
#define HTTP_HEADERS_MAX (64 * 1024) /* bytes of one response */
#define HTTP_BODY_MAX (1024 * 1024)  /* bytes of a body for which no sink was given */
#define HTTP_RETRY_AFTER_MAX 60      /* seconds; who asks for more is not waited for */
#define URL_MAX 8192                 /* characters */

#define ENDPOINTS_MAX 32          /* mirrors and origin of one registry */
#define ENDPOINT_CONNECT_MS 5000  /* like HTTP_CONNECT_MS, for one that is not the last */
#define ENDPOINT_FILE_MAX 1048576 /* bytes of daemon.json or hosts.toml */

#define AUTH_CHALLENGES_MAX 8             /* of one answer */
#define AUTH_TOKEN_MAX (64 * 1024)        /* characters */
#define AUTH_TOKEN_BODY_MAX (1024 * 1024) /* bytes of the answer that carries it */

#define CREDENTIAL_HELPER_MS 30000                /* for its whole answer */
#define CREDENTIAL_HELPER_OUTPUT_MAX (128 * 1024) /* bytes; a token in JSON */

/* ---- documents ---- */

#define JSON_DEPTH_MAX 100    /* arrays and objects inside each other (vendor/cjson.sh) */
#define JSON_MEMBERS_MAX 4096 /* of one object */
#define TOML_KEYS_MAX 4096    /* of one document, looking for doubles is quadratic */
#define TOML_DEPTH_MAX 8      /* arrays inside each other */

#define IMAGE_MANIFEST_MAX (4 * 1024 * 1024) /* bytes; also index and configuration */
#define IMAGE_LAYERS_MAX 128
#define IMAGE_INDEX_MAX 256                         /* entries of one index */
#define IMAGE_LAYER_MAX (16LL * 1024 * 1024 * 1024) /* bytes of one layer as it is transferred */

/* ---- signatures ---- */

#define SIGNATURES_MAX 64                         /* of one image, of each format */
#define SIGNATURE_DOCUMENT_MAX IMAGE_MANIFEST_MAX /* bytes of a payload or bundle */
#define SIGNATURE_VALUE_MAX 4096                  /* characters of base64; RSA 4096 has 684 */
#define DISCOVER_PAGES_MAX 64                     /* of a list of referrers */
#define EVIDENCE_MAX (64 * 1024 * 1024)           /* bytes of what is kept for one image */

/* ---- archives ---- */

/* The most memory that a zstd frame may ask for: 128 MiB, what zstd's own tools accept. zstd -19
 * and all levels below need at most 8 MiB. */
#define INFLATE_WINDOW_LOG_MAX 27

#define EXTRACT_ENTRIES_MAX 1000000                   /* archive entries of one layer */
#define EXTRACT_LAYER_MAX (16LL * 1024 * 1024 * 1024) /* bytes of one layer, uncompressed */
#define EXTRACT_FILE_MAX (2LL * 1024 * 1024 * 1024)   /* bytes of one file that is taken */
#define EXTRACT_FILES_MAX 4096                        /* files that are taken */
#define EXTRACT_PATH_MAX 4096                         /* characters */
#define CHANGE_NAME_MAX 200          /* of a file that is installed, in characters */
#define EXTRACT_OPEN_LINKS_MAX 256   /* hard links whose target is looked for at once */
#define EXTRACT_LINK_DEPTH 8         /* hard links to hard links */
#define HIDING_MAX (4 * 1024 * 1024) /* whiteouts and files in the way of lower layers */

/* ---- images out of files and engines ---- */

#define IMPORT_ENTRIES_MAX 8192                      /* of one archive or layout */
#define IMPORT_IMAGES_MAX IMAGE_INDEX_MAX            /* in one archive or layout */
#define IMPORT_BYTES_MAX (64LL * 1024 * 1024 * 1024) /* of one archive, uncompressed */
#define IMPORT_LINK_DEPTH 8                          /* links to links */

#endif
