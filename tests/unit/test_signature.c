// SPDX-License-Identifier: MIT
#include "oci/signature.h"

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/ecp.h>
#include <mbedtls/entropy.h>
#include <mbedtls/pk.h>
#include <mbedtls/sha256.h>
#include <stdlib.h>

#include "base/mem.h"
#include "codec/base64.h"
#include "cosign_data.h"
#include "tap.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))
#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B64 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define NOW 1767225600 /* 2026-01-01T00:00:00Z */
#define DSSE_TYPE "application/vnd.in-toto+json"

static const char *const verdicts[SIGNATURE_VERDICTS] = {
	[SIGNATURE_GOOD] = "good",
	[SIGNATURE_OTHER_KEY] = "other key",
	[SIGNATURE_OTHER_IMAGE] = "other image",
	[SIGNATURE_OTHER_NAME] = "other name",
	[SIGNATURE_OTHER_PURPOSE] = "other purpose",
	[SIGNATURE_EXPIRED] = "expired",
	[SIGNATURE_MALFORMED] = "malformed",
};

static struct digest digest_from(const char *text)
{
	struct digest d;
	struct err e;

	if (digest_parse(&e, text, &d) < 0)
		abort();
	return d;
}

static struct pubkey *key_from(const char *pem)
{
	struct pubkey *k;
	struct err e;

	if (pubkey_parse(&e, "test", pem, &k) < 0) {
		note("%s", e.msg);
		abort();
	}
	return k;
}

static struct signature classic(const char *payload, const char *value)
{
	struct signature s = { .format = SIGNATURE_CLASSIC, .value = mem_dup(value) };

	str_add(&s.document, payload, strlen(payload));
	return s;
}

static struct signature bundle(const char *text)
{
	struct signature s = { .format = SIGNATURE_BUNDLE };

	str_add(&s.document, text, strlen(text));
	return s;
}

static enum signature_verdict check(const struct signature *s, const char *digest,
                                    struct pubkey *key, struct err *why)
{
	struct digest top = digest_from(digest);
	struct signature_terms t = { .top = &top, .keys = &key, .key_count = 1, .now = NOW };
	CLEANUP(claims_release) struct claims claims;
	int which;

	return signature_check(why, s, &t, &which, &claims);
}

/* ---- what cosign made ---- */

static void test_one(struct signature *s, size_t own)
{
	CLEANUP(signature_release) struct signature held = *s;
	const struct cosign_data *c = &cosign_data[own];
	struct pubkey *keys[COUNT(cosign_data)];
	struct digest top = digest_from(c->digest);
	struct signature_terms t = {
		.top = &top, .keys = keys, .key_count = COUNT(keys), .now = NOW
	};
	CLEANUP(claims_release) struct claims claims;
	const char *name = signature_format_name(s->format);
	enum signature_verdict v;
	struct err why = { 0 };
	int which = -1;

	for (size_t i = 0; i < COUNT(keys); i++)
		keys[i] = key_from(cosign_data[i].key);
	v = signature_check(&why, &held, &t, &which, &claims);
	is_str(verdicts[v], "good", "%s, %s", c->algorithm, name);
	if (v != SIGNATURE_GOOD)
		note("%s", why.msg);
	is_int(which, (int)own, "... by its key");
	v = check(&held, c->digest, keys[(own + 1) % COUNT(keys)], &why);
	is_str(verdicts[v], "other key", "... by no other");
	v = check(&held, "sha256:" A64, keys[own], &why);
	is_str(verdicts[v], "other image", "... for no other image");
	t.key_count = 0;
	v = signature_check(&why, &held, &t, &which, &claims);
	is_str(verdicts[v], "other key", "... and without keys by none");
	for (size_t i = 0; i < COUNT(keys); i++)
		pubkey_free(keys[i]);
}

static void test_real(void)
{
	for (size_t i = 0; i < COUNT(cosign_data); i++) {
		struct signature c = classic(cosign_data[i].payload, cosign_data[i].signature);
		struct signature b = bundle(cosign_data[i].bundle);

		test_one(&c, i);
		test_one(&b, i);
	}
}

/* ---- every bit ---- */

/* Of `len` bytes at `text`, which is part of s. The number of flips that still are good. */
static int flip_all(char *text, size_t len, const struct signature *s, const char *digest,
                    struct pubkey *key)
{
	int good = 0;
	struct err why;

	for (size_t i = 0; i < len * 8; i++) {
		text[i / 8] = (char)(text[i / 8] ^ 1 << i % 8);
		good += check(s, digest, key, &why) == SIGNATURE_GOOD;
		text[i / 8] = (char)(text[i / 8] ^ 1 << i % 8);
	}
	return good;
}

static void test_flips(const struct cosign_data *c)
{
	CLEANUP(pubkey_freep) struct pubkey *key = key_from(c->key);
	CLEANUP(signature_release) struct signature s = classic(c->payload, c->signature);
	CLEANUP(signature_release) struct signature b = bundle(c->bundle);
	char *envelope = strstr(b.document.s, "{\"payload\"");
	size_t len;
	int bits, good;

	bits = (int)s.document.len * 8;
	good = flip_all(s.document.s, s.document.len, &s, c->digest, key);
	is_int(good, 0, "%s: %d of %d single-bit flips of a payload rejected", c->algorithm,
	       bits - good, bits);
	bits = (int)strlen(s.value) * 8;
	good = flip_all(s.value, strlen(s.value), &s, c->digest, key);
	is_int(good, 0, "%s: %d of %d single-bit flips of an annotation rejected", c->algorithm,
	       bits - good, bits);
	len = strlen(envelope) - 1; /* the last brace is the bundle's */
	bits = (int)len * 8;
	good = flip_all(envelope, len, &b, c->digest, key);
	is_int(good, 0, "%s: %d of %d single-bit flips of an envelope rejected", c->algorithm,
	       bits - good, bits);
	/* what is before it names a format, and gives a hint that nobody takes */
	good = flip_all(b.document.s, (size_t)(envelope - b.document.s), &b, c->digest, key);
	note("%s: %d of %zu flips before the envelope change nothing", c->algorithm, good,
	     (size_t)(envelope - b.document.s) * 8);
}

/* ---- what somebody who has the key could sign ---- */

static struct signer {
	mbedtls_entropy_context entropy;
	mbedtls_ctr_drbg_context random;
	mbedtls_pk_context pk;
	struct pubkey *key;
} signer;

static void signer_init(void)
{
	CLEANUP(str_release) struct str base64 = { 0 };
	CLEANUP(mem_freep) char *pem = NULL;
	unsigned char der[256];
	int len;

	mbedtls_entropy_init(&signer.entropy);
	mbedtls_ctr_drbg_init(&signer.random);
	mbedtls_pk_init(&signer.pk);
	if (mbedtls_ctr_drbg_seed(&signer.random, mbedtls_entropy_func, &signer.entropy, NULL, 0) ||
	    mbedtls_pk_setup(&signer.pk, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY)) ||
	    mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(signer.pk),
	                        mbedtls_ctr_drbg_random, &signer.random))
		abort();
	len = mbedtls_pk_write_pubkey_der(&signer.pk, der, sizeof(der)); /* at the end */
	if (len <= 0)
		abort();
	base64_encode(der + sizeof(der) - len, (size_t)len, &base64);
	pem = mem_printf("-----BEGIN PUBLIC KEY-----\n%s\n-----END PUBLIC KEY-----\n", base64.s);
	signer.key = key_from(pem);
}

static void signer_release(void)
{
	pubkey_free(signer.key);
	mbedtls_pk_free(&signer.pk);
	mbedtls_ctr_drbg_free(&signer.random);
	mbedtls_entropy_free(&signer.entropy);
}

/* base64 of the signature; the caller frees. */
static char *sign(const void *data, size_t len)
{
	unsigned char hash[32], signature[MBEDTLS_PK_SIGNATURE_MAX_SIZE];
	struct str text = { 0 };
	size_t n;

	if (mbedtls_sha256(data, len, hash, 0) ||
	    mbedtls_pk_sign(&signer.pk, MBEDTLS_MD_SHA256, hash, sizeof(hash), signature,
	                    sizeof(signature), &n, mbedtls_ctr_drbg_random, &signer.random))
		abort();
	base64_encode(signature, n, &text);
	return str_steal(&text);
}

/* The tables are easier to read with single quotes. */
static char *quoted(const char *text)
{
	char *copy = mem_dup(text);

	for (char *p = copy; *p; p++)
		if (*p == '\'')
			*p = '"';
	return copy;
}

static void verdict_is(const struct signature *s, enum signature_verdict want, const char *what)
{
	struct err why = { 0 };
	enum signature_verdict v = check(s, "sha256:" A64, signer.key, &why);

	if (!is_str(verdicts[v], verdicts[want], "%s: %.180s", verdicts[want], what))
		note("%s", why.msg);
	ok(want == SIGNATURE_GOOD || (why.code == ERR_REJECTED && *why.msg), "... and says why");
}

#define ID "'identity':{'docker-reference':'r/n'}"
#define IMAGE "'image':{'docker-manifest-digest':'sha256:" A64 "'}"
#define TYPE "'type':'cosign container image signature'"

#define SIGNED(optional) "{'critical':{" ID "," IMAGE "," TYPE "},'optional':" optional "}"

static const struct {
	enum signature_verdict verdict;
	const char *payload;
} payloads[] = {
	{ SIGNATURE_GOOD, "{'critical':{" ID "," IMAGE "," TYPE "},'optional':null}" },
	{ SIGNATURE_GOOD, "{'critical':{" ID "," IMAGE "," TYPE "},'optional':{'k':'v'}}" },
	{ SIGNATURE_GOOD, "{'critical':{" TYPE "," IMAGE "," ID "}}" },
	{ SIGNATURE_GOOD, " {\t 'critical' : {" ID "," IMAGE "," TYPE "} } \t" },
	{ SIGNATURE_OTHER_IMAGE,
	  "{'critical':{" ID ",'image':{'docker-manifest-digest':'sha256:" B64 "'}," TYPE
	  "},'optional':null}" },
	{ SIGNATURE_GOOD,
	  SIGNED("{'nodelift.epoch':'3','nodelift.expires':'2026-01-01T00:00:01Z'}") },
	{ SIGNATURE_EXPIRED, SIGNED("{'nodelift.expires':'2026-01-01T00:00:00Z'}") },
	{ SIGNATURE_MALFORMED, SIGNED("{'nodelift.expires':'2026-01-01'}") },
	{ SIGNATURE_MALFORMED, SIGNED("{'nodelift.expire':'2027-01-01T00:00:00Z'}") },
	{ SIGNATURE_MALFORMED, SIGNED("{'nodelift.epoch':3}") },
	{ SIGNATURE_MALFORMED, SIGNED("{'nodelift.epoch':'3','nodelift.epoch':'4'}") },
	{ SIGNATURE_MALFORMED, SIGNED("'nodelift.epoch=3'") },
	{ SIGNATURE_MALFORMED, "{'critical':{" ID "," IMAGE ",'type':'x'},'optional':null}" },
	{ SIGNATURE_MALFORMED, "{'critical':{" ID "," IMAGE
	                       ",'type':'Cosign container image signature'},'optional':null}" },
	{ SIGNATURE_MALFORMED, "{'critical':{" ID "," IMAGE ",'type':5},'optional':null}" },
	{ SIGNATURE_MALFORMED, "{'critical':{" ID "," IMAGE "},'optional':null}" },
	{ SIGNATURE_MALFORMED, "{'Critical':{" ID "," IMAGE "," TYPE "},'optional':null}" },
	{ SIGNATURE_MALFORMED,
	  "{'critical':{" ID "," IMAGE "," TYPE "},'Critical':{},'optional':null}" },
	{ SIGNATURE_MALFORMED,
	  "{'critical':{" ID "," IMAGE "," TYPE "," IMAGE "},'optional':null}" },
	{ SIGNATURE_MALFORMED, "{'critical':{" ID ",'image':{'docker-manifest-digest':'sha256:" B64
	                       "'}," IMAGE "," TYPE "},'optional':null}" },
	{ SIGNATURE_MALFORMED,
	  "{'critical':{" ID ",'image':{'Docker-manifest-digest':'sha256:" A64 "'}," TYPE "}}" },
	{ SIGNATURE_MALFORMED,
	  "{'critical':{" ID ",'image':{'docker-manifest-digest':'" A64 "'}," TYPE "}}" },
	{ SIGNATURE_MALFORMED,
	  "{'critical':{" ID ",'image':{'docker-manifest-digest':['sha256:" A64 "']}," TYPE "}}" },
	{ SIGNATURE_MALFORMED, "{'critical':{" ID ",'image':'sha256:" A64 "'," TYPE "}}" },
	{ SIGNATURE_MALFORMED, "{'critical':{" IMAGE "," TYPE "},'optional':null}" },
	{ SIGNATURE_MALFORMED, "{'critical':{" ID "," IMAGE "," TYPE ",'x':1},'optional':null}" },
	{ SIGNATURE_MALFORMED, "{'critical':{" ID "," IMAGE "," TYPE "},'x':null}" },
	{ SIGNATURE_MALFORMED, "{'critical':[],'optional':null}" },
	{ SIGNATURE_MALFORMED, "[]" },
	{ SIGNATURE_MALFORMED, "x" },
	{ SIGNATURE_MALFORMED, "{'critical':{" ID "," IMAGE "," TYPE "},'optional':null} x" },
};

static void test_payloads(void)
{
	for (size_t i = 0; i < COUNT(payloads); i++) {
		CLEANUP(mem_freep) char *text = quoted(payloads[i].payload);
		CLEANUP(mem_freep) char *value = sign(text, strlen(text));
		CLEANUP(signature_release) struct signature s = classic(text, value);

		verdict_is(&s, payloads[i].verdict, text);
	}
}

/* Under whose name: only where it is asked for, and then to the letter. */
static void test_names(void)
{
	static const struct {
		enum signature_verdict verdict;
		const char *repository;
	} names[] = {
		{ SIGNATURE_GOOD, NULL },          { SIGNATURE_GOOD, "r/n" },
		{ SIGNATURE_OTHER_NAME, "r/n:t" }, { SIGNATURE_OTHER_NAME, "R/n" },
		{ SIGNATURE_OTHER_NAME, "r" },     { SIGNATURE_OTHER_NAME, "" },
	};
	CLEANUP(mem_freep) char *text = quoted(payloads[0].payload);
	CLEANUP(mem_freep) char *value = sign(text, strlen(text));
	CLEANUP(signature_release) struct signature s = classic(text, value);
	struct digest top = digest_from("sha256:" A64);
	struct signature_terms t = { .top = &top, .keys = &signer.key, .key_count = 1, .now = NOW };

	for (size_t i = 0; i < COUNT(names); i++) {
		CLEANUP(claims_release) struct claims claims;
		struct err why;
		int key;

		t.repository = names[i].repository;
		is_str(verdicts[signature_check(&why, &s, &t, &key, &claims)],
		       verdicts[names[i].verdict], "signed as r/n, asked for as %s",
		       names[i].repository ? names[i].repository : "anything");
	}
}

/* What a signature says is handed out, and only of one that is good. */
static void test_handed_out(void)
{
	CLEANUP(mem_freep)
	char *text = quoted(SIGNED("{'nodelift.version':'28.5.2','nodelift.epoch':'7'}"));
	CLEANUP(mem_freep) char *value = sign(text, strlen(text));
	CLEANUP(signature_release) struct signature s = classic(text, value);
	CLEANUP(claims_release) struct claims claims, none;
	struct digest top = digest_from("sha256:" A64);
	struct signature_terms t = { .top = &top, .keys = &signer.key, .key_count = 1, .now = NOW };
	struct err why;
	int key;

	is_int(signature_check(&why, &s, &t, &key, &claims), SIGNATURE_GOOD, "with claims: good");
	is_str(claims.version, "28.5.2", "... its version");
	is_int(claims.epoch, 7, "... its epoch");
	t.key_count = 0;
	is_int(signature_check(&why, &s, &t, &key, &none), SIGNATURE_OTHER_KEY, "by another key");
	ok(!none.version && none.epoch < 0, "... says nothing");
}

static void test_values(void)
{
	CLEANUP(mem_freep) char *text = quoted(payloads[0].payload);
	CLEANUP(mem_freep) char *value = sign(text, strlen(text));
	CLEANUP(mem_freep) char *spaced = mem_printf(" %s", value);
	CLEANUP(mem_freep) char *more = mem_printf("%sAAAA", value);
	CLEANUP(mem_freep) char *huge = mem_alloc(SIGNATURE_VALUE_MAX + 3);
	CLEANUP(signature_release) struct signature s = classic(text, value);
	const struct {
		enum signature_verdict verdict;
		const char *value, *what;
	} values[] = {
		{ SIGNATURE_MALFORMED, "", "no text" },
		{ SIGNATURE_MALFORMED, spaced, "a blank in base64" },
		{ SIGNATURE_OTHER_KEY, "AAAA", "three bytes" },
		{ SIGNATURE_MALFORMED, more, "base64 behind its padding" },
		{ SIGNATURE_MALFORMED, huge, "a text that is too long" },
		{ SIGNATURE_OTHER_KEY, huge + 2, "the longest text" },
	};

	memset(huge, 'A', SIGNATURE_VALUE_MAX + 2); /* one more would not be base64 */
	if (!strchr(value, '='))
		more[strlen(more) - 4] = '!';
	for (size_t i = 0; i < COUNT(values); i++) {
		free(s.value);
		s.value = mem_dup(values[i].value);
		verdict_is(&s, values[i].verdict, values[i].what);
	}
	free(s.value);
	s.value = NULL;
	verdict_is(&s, SIGNATURE_MALFORMED, "no annotation");
	s.value = mem_dup(value);
	verdict_is(&s, SIGNATURE_GOOD, "the value that it has");
	s.malformed = mem_dup("the registry sent something else");
	verdict_is(&s, SIGNATURE_MALFORMED, "what could not be read");
}

/* ---- bundles ---- */

#define SUBJECT "'subject':[{'digest':{'sha256':'" A64 "'},'annotations':{}}]"
#define STATEMENT "'_type':'https://in-toto.io/Statement/v1'"
#define PREDICATE "'predicateType':'https://sigstore.dev/cosign/sign/v1','predicate':{}"
#define OTHER "{'digest':{'sha256':'" B64 "'}}"

#define ANNOTATED(annotations) \
	"{" STATEMENT ",'subject':[{'digest':{'sha256':'" A64 "'},'annotations':" annotations \
	"}]," PREDICATE "}"

static const struct {
	enum signature_verdict verdict;
	const char *statement;
} statements[] = {
	{ SIGNATURE_GOOD, "{" STATEMENT "," SUBJECT "," PREDICATE "}" },
	{ SIGNATURE_GOOD, "{" STATEMENT ",'subject':[" OTHER ",{'name':'x','digest':{'sha256':'" A64
	                  "'}}]," PREDICATE "}" },
	{ SIGNATURE_GOOD, ANNOTATED("{'nodelift.epoch':'3','other':'x'}") },
	{ SIGNATURE_EXPIRED, ANNOTATED("{'nodelift.expires':'2025-12-31T23:59:59Z'}") },
	{ SIGNATURE_MALFORMED, ANNOTATED("{'nodelift.channel':'Stable'}") },
	{ SIGNATURE_MALFORMED, ANNOTATED("['nodelift.channel']") },
	/* of another subject they mean nothing here */
	{ SIGNATURE_GOOD, "{" STATEMENT ",'subject':[{'digest':{'sha256':'" B64
	                  "'},'annotations':{'nodelift.expires':'2025-12-31T23:59:59Z'}},"
	                  "{'digest':{'sha256':'" A64 "'}}]," PREDICATE "}" },
	{ SIGNATURE_MALFORMED, "{" STATEMENT ",'subject':[{'digest':{'sha256':'" A64
	                       "'},'annotations':{'nodelift.epoch':'1'}},{'digest':{'sha256':'" A64
	                       "'},'annotations':{'nodelift.epoch':'2'}}]," PREDICATE "}" },
	{ SIGNATURE_OTHER_IMAGE, "{" STATEMENT ",'subject':[" OTHER "]," PREDICATE "}" },
	{ SIGNATURE_OTHER_IMAGE, "{" STATEMENT ",'subject':[]," PREDICATE "}" },
	{ SIGNATURE_OTHER_PURPOSE,
	  "{" STATEMENT "," SUBJECT
	  ",'predicateType':'https://slsa.dev/provenance/v1','predicate':{}}" },
	{ SIGNATURE_OTHER_PURPOSE,
	  "{" STATEMENT "," SUBJECT
	  ",'predicateType':'https://sigstore.dev/cosign/sign/v1 ','predicate':{}}" },
	{ SIGNATURE_MALFORMED, "{" STATEMENT "," SUBJECT ",'predicate':{}}" },
	{ SIGNATURE_MALFORMED,
	  "{'_type':'https://in-toto.io/Statement/v2'," SUBJECT "," PREDICATE "}" },
	{ SIGNATURE_MALFORMED, "{" SUBJECT "," PREDICATE "}" },
	{ SIGNATURE_MALFORMED, "{" STATEMENT "," PREDICATE "}" },
	{ SIGNATURE_MALFORMED, "{" STATEMENT "," SUBJECT "," SUBJECT "," PREDICATE "}" },
	{ SIGNATURE_MALFORMED, "{" STATEMENT ",'subject':[" OTHER "],'Subject':[]," PREDICATE "}" },
	{ SIGNATURE_MALFORMED,
	  "{" STATEMENT ",'subject':{'digest':{'sha256':'" A64 "'}}," PREDICATE "}" },
	{ SIGNATURE_MALFORMED, "{" STATEMENT ",'subject':['" A64 "']," PREDICATE "}" },
	{ SIGNATURE_MALFORMED,
	  "{" STATEMENT ",'subject':[{'digest':{'SHA256':'" A64 "'}}]," PREDICATE "}" },
	{ SIGNATURE_MALFORMED, "{" STATEMENT ",'subject':[{'digest':{'sha256':'" B64
	                       "','sha256':'" A64 "'}}]," PREDICATE "}" },
	{ SIGNATURE_OTHER_IMAGE,
	  "{" STATEMENT ",'subject':[{'digest':{'sha256':'sha256:" A64 "'}}]," PREDICATE "}" },
	{ SIGNATURE_MALFORMED, "x" },
	{ SIGNATURE_MALFORMED, "[]" },
};

/* The parts of a bundle, encoded: $P the statement, $S its signature by the signer. */
static char *make_bundle(const char *form, const char *statement)
{
	CLEANUP(mem_freep) char *body = quoted(statement), *shape = quoted(form);
	CLEANUP(mem_freep)
	char *pae = mem_printf("DSSEv1 %zu %s %zu %s", strlen(DSSE_TYPE), DSSE_TYPE, strlen(body),
	                       body);
	CLEANUP(mem_freep) char *value = sign(pae, strlen(pae));
	CLEANUP(str_release) struct str payload = { 0 };
	struct str text = { 0 };

	base64_encode(body, strlen(body), &payload);
	for (const char *p = shape; *p; p++) {
		if (*p != '$') {
			str_add(&text, p, 1);
			continue;
		}
		p++;
		str_addf(&text, "%s", *p == 'P' ? payload.s : value);
	}
	return str_steal(&text);
}

#define MEDIA "'mediaType':'application/vnd.dev.sigstore.bundle.v0.3+json'"
#define MATERIAL "'verificationMaterial':{'publicKey':{'hint':'x'}}"
#define PAYLOAD "'payload':'$P'"
#define PAYLOAD_TYPE "'payloadType':'application/vnd.in-toto+json'"
#define SIGNATURES "'signatures':[{'sig':'$S'}]"
#define ENVELOPE "'dsseEnvelope':{" PAYLOAD "," PAYLOAD_TYPE "," SIGNATURES "}"

static const struct {
	enum signature_verdict verdict;
	const char *form;
} bundles[] = {
	{ SIGNATURE_GOOD, "{" MEDIA "," MATERIAL "," ENVELOPE "}" },
	{ SIGNATURE_GOOD, "{" MEDIA "," MATERIAL ",'dsseEnvelope':{" PAYLOAD "," PAYLOAD_TYPE
	                  ",'signatures':[{'sig':'$S','keyid':''}]}}" },
	{ SIGNATURE_MALFORMED, "{" MEDIA "," MATERIAL ",'dsseEnvelope':{" PAYLOAD "," PAYLOAD_TYPE
	                       ",'signatures':[{'sig':'$S'},{'sig':'$S'}]}}" },
	{ SIGNATURE_MALFORMED, "{" MEDIA "," MATERIAL ",'dsseEnvelope':{" PAYLOAD "," PAYLOAD_TYPE
	                       ",'signatures':[]}}" },
	{ SIGNATURE_MALFORMED, "{" MEDIA "," MATERIAL ",'dsseEnvelope':{" PAYLOAD "," PAYLOAD_TYPE
	                       ",'signatures':['$S']}}" },
	{ SIGNATURE_MALFORMED, "{" MEDIA "," MATERIAL ",'dsseEnvelope':{" PAYLOAD "," PAYLOAD_TYPE
	                       ",'signatures':{'sig':'$S'}}}" },
	{ SIGNATURE_MALFORMED, "{" MEDIA "," MATERIAL ",'dsseEnvelope':{" PAYLOAD "," PAYLOAD_TYPE
	                       ",'signatures':[{'sig':'!'}]}}" },
	{ SIGNATURE_MALFORMED,
	  "{" MEDIA "," MATERIAL ",'dsseEnvelope':{" PAYLOAD "," PAYLOAD_TYPE "}}" },
	{ SIGNATURE_MALFORMED, "{" MEDIA "," MATERIAL ",'dsseEnvelope':{'payload':'!'," PAYLOAD_TYPE
	                       "," SIGNATURES "}}" },
	{ SIGNATURE_MALFORMED, "{" MEDIA "," MATERIAL ",'dsseEnvelope':{'payload':''," PAYLOAD_TYPE
	                       "," SIGNATURES "}}" },
	{ SIGNATURE_MALFORMED, "{" MEDIA "," MATERIAL ",'dsseEnvelope':{" PAYLOAD
	                       ",'payloadType':'text/plain'," SIGNATURES "}}" },
	{ SIGNATURE_MALFORMED,
	  "{" MEDIA "," MATERIAL ",'dsseEnvelope':{" PAYLOAD "," SIGNATURES "}}" },
	{ SIGNATURE_MALFORMED, "{" MEDIA "," MATERIAL ",'dsseEnvelope':{" PAYLOAD "," PAYLOAD_TYPE
	                       "," SIGNATURES ",'x':1}}" },
	{ SIGNATURE_MALFORMED, "{" MEDIA "," ENVELOPE "}" },
	{ SIGNATURE_MALFORMED, "{" MATERIAL "," ENVELOPE "}" },
	{ SIGNATURE_MALFORMED,
	  "{'mediaType':'application/vnd.dev.sigstore.bundle.v0.2+json'," MATERIAL "," ENVELOPE
	  "}" },
	{ SIGNATURE_MALFORMED, "{" MEDIA "," MATERIAL "," ENVELOPE "," ENVELOPE "}" },
	{ SIGNATURE_MALFORMED, "{" MEDIA "," MATERIAL "," ENVELOPE ",'messageSignature':{}}" },
	{ SIGNATURE_MALFORMED, "{" MEDIA "," MATERIAL ",'messageSignature':{}}" },
	{ SIGNATURE_MALFORMED,
	  "{" MEDIA "," MATERIAL ",'DsseEnvelope':{" PAYLOAD "," PAYLOAD_TYPE "," SIGNATURES "}}" },
	{ SIGNATURE_MALFORMED, "{" MEDIA "," MATERIAL ",'dsseEnvelope':[]}" },
	{ SIGNATURE_MALFORMED, "[]" },
	{ SIGNATURE_MALFORMED, "" },
};

static void test_bundles(void)
{
	for (size_t i = 0; i < COUNT(bundles); i++) {
		CLEANUP(mem_freep)
		char *text = make_bundle(bundles[i].form, statements[0].statement);
		CLEANUP(signature_release) struct signature s = bundle(text);

		verdict_is(&s, bundles[i].verdict, bundles[i].form);
	}
	for (size_t i = 0; i < COUNT(statements); i++) {
		CLEANUP(mem_freep)
		char *text = make_bundle(bundles[0].form, statements[i].statement);
		CLEANUP(signature_release) struct signature s = bundle(text);

		verdict_is(&s, statements[i].verdict, statements[i].statement);
	}
}

/* Both alphabets of base64 are one text. */
static void test_alphabets(void)
{
	const struct cosign_data *c = &cosign_data[0];
	CLEANUP(pubkey_freep) struct pubkey *key = key_from(c->key);
	CLEANUP(signature_release) struct signature s = bundle(c->bundle);
	char *envelope = strstr(s.document.s, "\"sig\":\"");
	struct err why;
	int changed = 0;

	for (char *p = envelope; *p; p++)
		if (*p == '+' || *p == '/') {
			*p = *p == '+' ? '-' : '_';
			changed++;
		}
	ok(changed && check(&s, c->digest, key, &why) == SIGNATURE_GOOD,
	   "a signature in the other alphabet of base64");
}

/* A payload that is exactly as large as allowed, and one byte more. */
static void test_size(void)
{
	CLEANUP(mem_freep) char *text = quoted(payloads[0].payload), *value = NULL;
	CLEANUP(signature_release) struct signature s = classic(text, "");
	CLEANUP(mem_freep) char *blanks = mem_alloc(SIGNATURE_DOCUMENT_MAX);

	memset(blanks, ' ', SIGNATURE_DOCUMENT_MAX);
	str_add(&s.document, blanks, SIGNATURE_DOCUMENT_MAX - s.document.len);
	value = sign(s.document.s, s.document.len);
	free(s.value);
	s.value = mem_dup(value);
	verdict_is(&s, SIGNATURE_GOOD, "the largest payload");
	str_add(&s.document, " ", 1);
	free(s.value);
	s.value = sign(s.document.s, s.document.len);
	verdict_is(&s, SIGNATURE_MALFORMED, "one byte more");
}

int main(void)
{
	test_real();
	test_flips(&cosign_data[0]);
	test_flips(&cosign_data[3]);
	signer_init();
	test_payloads();
	test_values();
	test_names();
	test_handed_out();
	test_bundles();
	test_alphabets();
	test_size();
	signer_release();
	return done_testing();
}
