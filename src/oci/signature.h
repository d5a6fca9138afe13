/* SPDX-License-Identifier: MIT */
/*
 * signature: one signature of an image by a key, as cosign makes it, checked without a network.
 *
 * SIGNATURE_CLASSIC  sigstore/cosign, specs/SIGNATURE_SPEC.md: a payload ("simple signing"), signed
 *	byte by byte. The signature is base64 in the annotation of the payload's descriptor.
 *
 *	{"critical": {"identity": {"docker-reference": "..."},
 *	              "image": {"docker-manifest-digest": "sha256:..."},
 *	              "type": "cosign container image signature"}, "optional": {...} or null}
 *
 * SIGNATURE_BUNDLE  sigstore/protobuf-specs, bundle v0.3, with a DSSE envelope (secure-systems-lab/dsse,
 *	protocol.md) around an in-toto statement v1 of the predicate type of `cosign sign`:
 *
 *	{"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
 *	 "verificationMaterial": {"publicKey": {"hint": "..."}, ...},
 *	 "dsseEnvelope": {"payload": BASE64, "payloadType": "application/vnd.in-toto+json",
 *	                  "signatures": [{"sig": BASE64}]}}
 *
 *	{"_type": "https://in-toto.io/Statement/v1", "subject": [{"digest": {"sha256": "..."}}],
 *	 "predicateType": "https://sigstore.dev/cosign/sign/v1", "predicate": {}}
 *
 * What `cosign sign -a NAME=VALUE` adds is in "optional", and in "annotations" of the subject that is the
 * image (oci/claims.h).
 *
 * Names are exact, none occurs twice, none is unknown; nothing is read out of bytes before a key
 * has signed them. Certificates, transparency logs, timestamps and the hint prove nothing here and are
 * not looked at. The signed digest is that of the document the reference leads to, index or
 * manifest: what is below it hangs on it by hashes.
 */
#ifndef OCI_SIGNATURE_H
#define OCI_SIGNATURE_H

#include "base/limits.h"
#include "base/str.h"
#include "crypt/digest.h"
#include "crypt/pubkey.h"
#include "oci/claims.h"
#include "oci/image.h"

#define SIGNATURE_PAYLOAD_TYPE "application/vnd.dev.cosign.simplesigning.v1+json"
#define SIGNATURE_BUNDLE_TYPE "application/vnd.dev.sigstore.bundle.v0.3+json"

enum signature_format { SIGNATURE_CLASSIC = 1, SIGNATURE_BUNDLE = 2 };
#define SIGNATURE_ANY ((unsigned)(SIGNATURE_CLASSIC | SIGNATURE_BUNDLE))

const char *signature_format_name(enum signature_format f); /* "classic", "bundle" */
bool signature_format_parse(const char *name, enum signature_format *ret);

struct signature {
	enum signature_format format;
	struct str document; /* payload or bundle */
	char *value;         /* of the annotation; NULL in a bundle */
	char *malformed;     /* it could not even be read, because; NULL otherwise */
};

struct signature_list {
	struct signature *items;
	int count;
};
void signature_release(struct signature *s);
void signature_list_release(struct signature_list *l);
/* An empty one at the end. */
struct signature *signature_list_add(struct signature_list *l, enum signature_format f);

enum signature_verdict {
	SIGNATURE_GOOD,
	SIGNATURE_OTHER_KEY,     /* none of the keys made it */
	SIGNATURE_OTHER_IMAGE,   /* one of the keys made it, of another digest */
	SIGNATURE_OTHER_NAME,    /* ... of this digest, under another repository's name */
	SIGNATURE_OTHER_PURPOSE, /* ... of this digest or not, but it does not say "signed": an
	                          * attestation */
	SIGNATURE_EXPIRED,       /* ... of this digest, until a moment that is over */
	SIGNATURE_MALFORMED,
	SIGNATURE_VERDICTS /* how many there are */
};

/* What a signature is held against. */
struct signature_terms {
	const struct digest *top;
	struct pubkey *const *keys;
	int key_count;
	const char *repository; /* that a classic one must name ("host/path"); NULL: any */
	int64_t now;            /* seconds since 1970 */
};

/* Did one of the keys sign that digest? Only of one that is good: *ret_key is which, *ret_claims what it
 * says (the caller releases it in any case). Not good: why->msg says more. */
enum signature_verdict signature_check(struct err *why, const struct signature *s,
                                       const struct signature_terms *t, int *ret_key,
                                       struct claims *ret_claims);

#endif
