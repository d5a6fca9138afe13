/* SPDX-License-Identifier: MIT */
#include "upgrade/proof.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/log.h"
#include "base/mem.h"
#include "oci/evidence.h"

#define DETAIL_MAX 200 /* characters of what is wrong with one signature */

/* ---- what was found and does not count ---- */

struct findings {
	int count[SIGNATURE_VERDICTS];
	char first[SIGNATURE_VERDICTS][DETAIL_MAX]; /* what is wrong with the first of each kind */
};

static const char *const reasons[SIGNATURE_VERDICTS] = {
	[SIGNATURE_OTHER_KEY] = "by other keys",
	[SIGNATURE_OTHER_IMAGE] = "of another image",
	[SIGNATURE_OTHER_NAME] = "under another name",
	[SIGNATURE_OTHER_PURPOSE] = "of another purpose",
	[SIGNATURE_EXPIRED] = "no longer valid",
	[SIGNATURE_MALFORMED] = "malformed",
};

static void note(struct findings *f, enum signature_verdict v, const struct err *why)
{
	if (f->count[v]++ == 0)
		snprintf(f->first[v], DETAIL_MAX, "%.*s", DETAIL_MAX - 1, why->msg);
}

/* "2 by other keys, 1 malformed (payload: not JSON at line 1)" */
static int describe(const struct findings *f, struct str *ret)
{
	int total = 0;

	for (int v = SIGNATURE_GOOD + 1; v < SIGNATURE_VERDICTS; v++) {
		if (!f->count[v])
			continue;
		str_addf(ret, "%s%d %s", total ? ", " : "", f->count[v], reasons[v]);
		if (v != SIGNATURE_OTHER_KEY)
			str_addf(ret, " (%s)", f->first[v]);
		total += f->count[v];
	}
	return total;
}

/* ---- the search ---- */

struct proof {
	const struct proof_request *q;
	struct signature_terms terms;
	struct findings findings;
	struct signature_list good; /* the first of each key that counts */
	bool *counted;              /* for each key of the rule */
	struct json *signed_by;
	struct claims claims;
};

static void proof_init(struct proof *v, const struct proof_request *q)
{
	const struct rule *r = q->rule;

	*v = (struct proof){
		.q = q,
		.terms = { .top = q->top,
		           .keys = r->keys,
		           .key_count = r->key_count,
		           .repository = r->signed_as,
		           .now = time(NULL) },
		.counted = mem_alloc(sizeof(bool) * (size_t)(r->key_count + 1)),
		.signed_by = json_array(),
	};
	claims_init(&v->claims);
}

static void proof_release(struct proof *v)
{
	signature_list_release(&v->good);
	free(v->counted);
	json_free(v->signed_by);
	claims_release(&v->claims);
}

static bool is_enough(const struct proof *v)
{
	return v->good.count >= v->q->rule->signatures;
}

static struct json *signer(const struct rule *r, int key, enum signature_format f)
{
	struct json *o = json_object();
	char fingerprint[DIGEST_TEXT_MAX];

	digest_format(pubkey_fingerprint(r->keys[key]), fingerprint);
	json_set_str(o, "key", r->key_names[key]);
	json_set_str(o, "fingerprint", fingerprint);
	json_set_str(o, "format", signature_format_name(f));
	return o;
}

/* Takes the signature out of *s if it counts. */
static int check(struct err *e, struct proof *v, struct signature *s)
{
	CLEANUP(claims_release) struct claims claims;
	enum signature_verdict verdict;
	struct err why;
	int key;

	verdict = signature_check(&why, s, &v->terms, &key, &claims);
	if (verdict != SIGNATURE_GOOD) {
		log_debug("a %s signature: %s", signature_format_name(s->format), why.msg);
		note(&v->findings, verdict, &why);
		return 0;
	}
	if (claims_join(e, &v->claims, &claims) < 0)
		return err_wrap(e, "its signatures do not agree");
	if (v->counted[key])
		return 0;
	v->counted[key] = true;
	json_push(v->signed_by, signer(v->q->rule, key, s->format));
	*signature_list_add(&v->good, s->format) = *s;
	*s = (struct signature){ .format = s->format };
	return 0;
}

/* What was kept is as good as what the source has now: neither is believed. */
static int check_kept(struct err *e, struct proof *v)
{
	CLEANUP(signature_list_release) struct signature_list kept = { 0 };
	CLEANUP(str_release) struct str why = { 0 };

	if (evidence_load(e, v->q->evidence_dir, v->q->top, &kept) < 0) {
		log_warn("signatures that were kept cannot be used: %s", e->msg);
		return 0;
	}
	for (int i = 0; i < kept.count; i++)
		if (v->q->rule->formats & kept.items[i].format && check(e, v, &kept.items[i]) < 0)
			return -1;
	if (!is_enough(v) && describe(&v->findings, &why))
		event_tell(v->q->run->events, EVENT_WARNING, "pull", NULL,
		           "of the signatures that were kept %s", why.s);
	v->findings = (struct findings){ 0 }; /* the source's are what counts */
	return 0;
}

static int check_source(struct err *e, struct proof *v)
{
	static const enum signature_format formats[] = { SIGNATURE_CLASSIC, SIGNATURE_BUNDLE };

	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats) && !is_enough(v); i++) {
		CLEANUP(signature_list_release) struct signature_list found = { 0 };

		if (!(v->q->rule->formats & formats[i]))
			continue;
		if (fetch_signatures(e, v->q->fetch, v->q->top, formats[i], &found) < 0)
			return -1;
		for (int k = 0; k < found.count; k++)
			if (check(e, v, &found.items[k]) < 0)
				return -1;
	}
	return is_enough(v) ? evidence_save(e, v->q->evidence_dir, v->q->top, &v->good) : 0;
}

/* ---- the verdict ---- */

static const char *formats_asked(const struct rule *r)
{
	return r->formats == SIGNATURE_ANY       ? ""
	       : r->formats == SIGNATURE_CLASSIC ? "classic "
	                                         : "bundle ";
}

static int reject_few(struct err *e, const struct proof *v, const char *digest)
{
	const struct rule *r = v->q->rule;
	CLEANUP(str_release) struct str list = { 0 }, names = { 0 };

	for (const struct json *s = json_first(v->signed_by); s; s = json_next(s))
		str_addf(&names, "%s'%s'", names.len ? ", " : "", json_str(s, "key"));
	if (!describe(&v->findings, &list))
		str_addf(&list, "no other");
	return err_set(
		e, ERR_REJECTED,
		"%s is signed by %d key%s (%s), and %s, asks for %d: beside %s found %s: sign "
		"it with more of its keys",
		digest, v->good.count, v->good.count == 1 ? "" : "s", names.s, r->origin,
		r->signatures, v->good.count == 1 ? "it" : "them", list.s);
}

static int reject(struct err *e, const struct proof *v)
{
	const struct rule *r = v->q->rule;
	CLEANUP(str_release) struct str list = { 0 };
	char digest[DIGEST_TEXT_MAX];
	int total;

	digest_format(v->q->top, digest);
	if (r->key_count == 0)
		return err_set(e, ERR_REJECTED,
		               "%s: %s, asks for a signature, and there is no key in '%s': put "
		               "one there, or %s",
		               digest, r->origin, v->q->keys_dir, r->otherwise);
	if (v->good.count)
		return reject_few(e, v, digest);
	total = describe(&v->findings, &list);
	if (total == 0)
		return err_set(e, ERR_REJECTED,
		               "%s is not signed: no %ssignature was found, and a key in '%s' "
		               "(there %s %d) must have made one (%s): sign it with cosign, or %s",
		               digest, formats_asked(r), v->q->keys_dir,
		               r->key_count == 1 ? "is" : "are", r->key_count, r->origin,
		               r->otherwise);
	return err_set(
		e, ERR_REJECTED,
		"%s is not signed by a key in '%s' that counts (%s): %d %ssignature%s found, "
		"%s: sign it with cosign and one of these keys, or put the signer's public "
		"key there",
		digest, v->q->keys_dir, r->origin, total, formats_asked(r), total == 1 ? "" : "s",
		list.s);
}

static void tell(const struct proof *v)
{
	const struct findings *f = &v->findings;
	CLEANUP(str_release) struct str others = { 0 };

	for (const struct json *s = json_first(v->signed_by); s; s = json_next(s))
		event_tell(v->q->run->events, EVENT_INFO, "pull", json_copy(s),
		           "signature: %s, by key '%s' (%.19s)", json_str(s, "format"),
		           json_str(s, "key"), json_str(s, "fingerprint"));
	if ((f->count[SIGNATURE_MALFORMED] || f->count[SIGNATURE_EXPIRED]) && describe(f, &others))
		event_tell(v->q->run->events, EVENT_WARNING, "pull", NULL,
		           "beside it are signatures that are none: %s", others.s);
}

int proof_find(struct err *e, const struct proof_request *q, struct json **ret_signed_by,
               struct claims *ret_claims)
{
	CLEANUP(proof_release) struct proof v;

	proof_init(&v, q);
	if (q->top->algorithm != DIGEST_SHA256)
		return err_set(e, ERR_REJECTED,
		               "signatures are of sha256 digests: name the image by its sha256");
	if (q->rule->key_count == 0)
		return reject(e, &v);
	if (check_kept(e, &v) < 0 || (!is_enough(&v) && check_source(e, &v) < 0))
		return -1;
	if (!is_enough(&v))
		return reject(e, &v);
	tell(&v);
	*ret_signed_by = STEAL(v.signed_by);
	*ret_claims = v.claims;
	claims_init(&v.claims);
	return 0;
}
