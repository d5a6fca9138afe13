/* SPDX-License-Identifier: MIT */
#include "oci/signature.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "codec/base64.h"
#include "codec/json.h"

#define CLASSIC_TYPE "cosign container image signature"
#define DSSE_TYPE "application/vnd.in-toto+json"
#define STATEMENT_TYPE "https://in-toto.io/Statement/v1"
/* Without it every attestation by a key would count as a signature: of a scan that failed, say. */
#define SIGN_PREDICATE "https://sigstore.dev/cosign/sign/v1"
#define TEXT_MAX 100 /* characters of what others wrote, in messages */

static const struct json_reader payload_reader = { ERR_REJECTED, "payload" };
static const struct json_reader bundle_reader = { ERR_REJECTED, "bundle" };
static const struct json_reader statement_reader = { ERR_REJECTED, "statement" };

/* ---- lists ---- */

static const struct {
	enum signature_format format;
	const char *name;
} formats[] = {
	{ SIGNATURE_CLASSIC, "classic" },
	{ SIGNATURE_BUNDLE, "bundle" },
};

const char *signature_format_name(enum signature_format f)
{
	return formats[f == SIGNATURE_BUNDLE].name;
}

bool signature_format_parse(const char *name, enum signature_format *ret)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		if (strcmp(formats[i].name, name) != 0)
			continue;
		*ret = formats[i].format;
		return true;
	}
	return false;
}

void signature_release(struct signature *s)
{
	str_release(&s->document);
	free(s->value);
	free(s->malformed);
	*s = (struct signature){ 0 };
}

void signature_list_release(struct signature_list *l)
{
	for (int i = 0; i < l->count; i++)
		signature_release(&l->items[i]);
	free(l->items);
	*l = (struct signature_list){ 0 };
}

struct signature *signature_list_add(struct signature_list *l, enum signature_format f)
{
	l->items = mem_grow(l->items, (size_t)l->count + 1, sizeof(*l->items));
	l->items[l->count] = (struct signature){ .format = f };
	return &l->items[l->count++];
}

/* ---- both formats ---- */

static int parse(struct err *e, const struct json_reader *r, const struct str *text,
                 struct json **ret)
{
	if (json_parse(e, r->code, r->name, text->s ? text->s : "", text->len, ret) < 0)
		return -1;
	return json_is_object(*ret) ? 0 : err_set(e, r->code, "%s: not a JSON object", r->name);
}

/* A member that must be exactly this text. */
static int need_text(struct err *e, const struct json_reader *r, const struct json *object,
                     const char *key, const char *text)
{
	const char *found;

	if (json_need_str(e, r, object, key, &found) < 0)
		return -1;
	if (strcmp(found, text) == 0)
		return 0;
	return err_set(e, r->code, "%s: key '%s' is '%.*s', not '%s'", r->name, key, TEXT_MAX,
	               found, text);
}

/* Protobuf's JSON form allows both alphabets of RFC 4648. */
static int decode(struct err *e, const char *what, const char *text, struct str *ret)
{
	CLEANUP(mem_freep) char *plain = mem_dup(text);

	for (char *p = plain; *p; p++)
		*p = (char)(*p == '-' ? '+' : *p == '_' ? '/' : *p);
	if (base64_decode(plain, ret) && ret->len > 0)
		return 0;
	return err_set(e, ERR_REJECTED, "%s is not base64", what);
}

static int decode_signature(struct err *e, const char *text, struct str *ret)
{
	if (strlen(text) > SIGNATURE_VALUE_MAX)
		return err_set(e, ERR_REJECTED, "signature has more than %d characters",
		               SIGNATURE_VALUE_MAX);
	return decode(e, "signature", text, ret);
}

/* The key that made it, -1: none of these. */
static int find_key(struct err *e, const struct signature_terms *t, const struct str *data,
                    const struct str *signature)
{
	for (int i = 0; i < t->key_count; i++)
		if (pubkey_verify(t->keys[i], data->s, data->len, signature->s, signature->len))
			return i;
	return err_set(e, ERR_REJECTED, "no key made it");
}

/* ---- classic ---- */

/* All that a payload says. The texts point into the document. */
struct payload {
	struct digest digest;
	const char *repository;
	struct claims claims;
};

static int read_payload(struct err *e, const struct json *doc, struct payload *ret)
{
	static const char *const top_keys[] = { "critical", "optional", NULL };
	static const char *const critical_keys[] = { "identity", "image", "type", NULL };
	static const char *const identity_keys[] = { "docker-reference", NULL };
	static const char *const image_keys[] = { "docker-manifest-digest", NULL };
	const struct json_reader *r = &payload_reader;
	const struct json *critical, *identity, *image;
	const char *text;

	if (json_only(e, r, doc, top_keys) < 0 ||
	    json_need_object(e, r, doc, "critical", &critical) < 0 ||
	    json_only(e, r, critical, critical_keys) < 0 ||
	    need_text(e, r, critical, "type", CLASSIC_TYPE) < 0 ||
	    json_need_object(e, r, critical, "identity", &identity) < 0 ||
	    json_only(e, r, identity, identity_keys) < 0 ||
	    json_need_str(e, r, identity, "docker-reference", &ret->repository) < 0 ||
	    json_need_object(e, r, critical, "image", &image) < 0 ||
	    json_only(e, r, image, image_keys) < 0 ||
	    json_need_str(e, r, image, "docker-manifest-digest", &text) < 0 ||
	    digest_parse(e, text, &ret->digest) < 0)
		return -1;
	return claims_read(e, r->name, doc, "optional", &ret->claims);
}

static enum signature_verdict judge_payload(struct err *e, const struct payload *p,
                                            const struct signature_terms *t)
{
	char text[DIGEST_TEXT_MAX];

	if (!digest_equal(&p->digest, t->top)) {
		digest_format(&p->digest, text);
		err_set(e, ERR_REJECTED, "it signs %s", text);
		return SIGNATURE_OTHER_IMAGE;
	}
	if (t->repository && strcmp(p->repository, t->repository) != 0) {
		err_set(e, ERR_REJECTED, "it signs '%.*s', not '%s'", TEXT_MAX, p->repository,
		        t->repository);
		return SIGNATURE_OTHER_NAME;
	}
	return SIGNATURE_GOOD;
}

static enum signature_verdict check_classic(struct err *e, const struct signature *s,
                                            const struct signature_terms *t, int *ret_key,
                                            struct claims *ret_claims)
{
	CLEANUP(str_release) struct str signature = { 0 };
	CLEANUP(json_freep) struct json *doc = NULL;
	struct payload payload;

	if (decode_signature(e, s->value ? s->value : "", &signature) < 0)
		return SIGNATURE_MALFORMED;
	*ret_key = find_key(e, t, &s->document, &signature);
	if (*ret_key < 0)
		return SIGNATURE_OTHER_KEY;
	if (parse(e, &payload_reader, &s->document, &doc) < 0 || read_payload(e, doc, &payload) < 0)
		return SIGNATURE_MALFORMED;
	*ret_claims = payload.claims;
	return judge_payload(e, &payload, t);
}

/* ---- bundle ---- */

struct envelope {
	struct str body, signature;
	struct str encoded; /* what was signed: DSSE's pre-authentication encoding */
};

static void envelope_release(struct envelope *v)
{
	str_release(&v->body);
	str_release(&v->signature);
	str_release(&v->encoded);
}

static int read_envelope(struct err *e, const struct json *doc, struct envelope *ret)
{
	static const char *const envelope_keys[] = { "payload", "payloadType", "signatures", NULL };
	static const char *const signature_keys[] = { "sig", "keyid", NULL };
	const struct json_reader *r = &bundle_reader;
	const struct json *signatures, *only;
	const char *text;

	if (json_only(e, r, doc, envelope_keys) < 0 ||
	    need_text(e, r, doc, "payloadType", DSSE_TYPE) < 0 ||
	    json_need_array(e, r, doc, "signatures", &signatures) < 0)
		return -1;
	only = json_first(signatures);
	if (json_length(signatures) != 1 || !json_is_object(only))
		return err_set(e, r->code, "%s: key 'signatures' must hold exactly one", r->name);
	if (json_only(e, r, only, signature_keys) < 0 ||
	    json_need_str(e, r, only, "sig", &text) < 0 ||
	    decode_signature(e, text, &ret->signature) < 0 ||
	    json_need_str(e, r, doc, "payload", &text) < 0 ||
	    decode(e, "payload", text, &ret->body) < 0)
		return -1;
	str_addf(&ret->encoded, "DSSEv1 %zu %s %zu ", strlen(DSSE_TYPE), DSSE_TYPE, ret->body.len);
	str_add(&ret->encoded, ret->body.s, ret->body.len);
	return 0;
}

static int read_bundle(struct err *e, const struct json *doc, struct envelope *ret)
{
	static const char *const keys[] = { "mediaType", "verificationMaterial", "dsseEnvelope",
		                            NULL };
	const struct json_reader *r = &bundle_reader;
	const struct json *material, *envelope;

	if (json_only(e, r, doc, keys) < 0 ||
	    need_text(e, r, doc, "mediaType", SIGNATURE_BUNDLE_TYPE) < 0 ||
	    json_need_object(e, r, doc, "verificationMaterial", &material) < 0 ||
	    json_need_object(e, r, doc, "dsseEnvelope", &envelope) < 0)
		return -1;
	return read_envelope(e, envelope, ret);
}

/* Is the image among what the statement is about? Several subjects may be it: they must agree. */
static int find_subject(struct err *e, const struct json *statement, const struct digest *top,
                        bool *ret_found, struct claims *ret_claims)
{
	const struct json_reader *r = &statement_reader;
	const struct json *subjects, *digest;
	char hex[DIGEST_TEXT_MAX];
	const char *text;

	digest_hex(top, hex);
	*ret_found = false;
	if (json_need_array(e, r, statement, "subject", &subjects) < 0)
		return -1;
	for (const struct json *s = json_first(subjects); s; s = json_next(s)) {
		CLEANUP(claims_release) struct claims claims;

		claims_init(&claims);
		if (!json_is_object(s))
			return err_set(e, r->code, "%s: a subject is not an object", r->name);
		if (json_need_object(e, r, s, "digest", &digest) < 0 ||
		    json_need_str(e, r, digest, "sha256", &text) < 0)
			return -1;
		if (strcmp(text, hex) != 0)
			continue;
		*ret_found = true;
		if (claims_read(e, r->name, s, "annotations", &claims) < 0 ||
		    claims_join(e, ret_claims, &claims) < 0)
			return -1;
	}
	return 0;
}

static enum signature_verdict check_statement(struct err *e, const struct str *text,
                                              const struct signature_terms *t,
                                              struct claims *ret_claims)
{
	static const char *const keys[] = { "_type", "subject", "predicateType", "predicate",
		                            NULL };
	const struct json_reader *r = &statement_reader;
	CLEANUP(json_freep) struct json *doc = NULL;
	const char *predicate;
	bool found;

	if (parse(e, r, text, &doc) < 0 || json_only(e, r, doc, keys) < 0 ||
	    need_text(e, r, doc, "_type", STATEMENT_TYPE) < 0 ||
	    json_need_str(e, r, doc, "predicateType", &predicate) < 0 ||
	    find_subject(e, doc, t->top, &found, ret_claims) < 0)
		return SIGNATURE_MALFORMED;
	if (strcmp(predicate, SIGN_PREDICATE) != 0) {
		err_set(e, ERR_REJECTED, "it is a statement of type '%.*s'", TEXT_MAX, predicate);
		return SIGNATURE_OTHER_PURPOSE;
	}
	if (found)
		return SIGNATURE_GOOD;
	err_set(e, ERR_REJECTED, "the image is not among what it signs");
	return SIGNATURE_OTHER_IMAGE;
}

static enum signature_verdict check_bundle(struct err *e, const struct signature *s,
                                           const struct signature_terms *t, int *ret_key,
                                           struct claims *ret_claims)
{
	CLEANUP(envelope_release) struct envelope envelope = { 0 };
	CLEANUP(json_freep) struct json *doc = NULL;

	if (parse(e, &bundle_reader, &s->document, &doc) < 0 || read_bundle(e, doc, &envelope) < 0)
		return SIGNATURE_MALFORMED;
	*ret_key = find_key(e, t, &envelope.encoded, &envelope.signature);
	if (*ret_key < 0)
		return SIGNATURE_OTHER_KEY;
	return check_statement(e, &envelope.body, t, ret_claims);
}

static enum signature_verdict check_expiry(struct err *e, const struct claims *c, int64_t now)
{
	char text[CLAIMS_TIME_MAX];

	if (!claims_expired(c, now))
		return SIGNATURE_GOOD;
	claims_time(c->expires, text);
	err_set(e, ERR_REJECTED, "expired on %s", text);
	return SIGNATURE_EXPIRED;
}

enum signature_verdict signature_check(struct err *why, const struct signature *s,
                                       const struct signature_terms *t, int *ret_key,
                                       struct claims *ret_claims)
{
	enum signature_verdict v;

	claims_init(ret_claims);
	if (s->malformed) {
		err_set(why, ERR_REJECTED, "%s", s->malformed);
		return SIGNATURE_MALFORMED;
	}
	if (s->document.len > SIGNATURE_DOCUMENT_MAX) {
		err_set(why, ERR_REJECTED, "it has more than %d bytes", SIGNATURE_DOCUMENT_MAX);
		return SIGNATURE_MALFORMED;
	}
	v = s->format == SIGNATURE_BUNDLE ? check_bundle(why, s, t, ret_key, ret_claims)
	                                  : check_classic(why, s, t, ret_key, ret_claims);
	return v == SIGNATURE_GOOD ? check_expiry(why, ret_claims, t->now) : v;
}
