/* SPDX-License-Identifier: MIT */
#include "upgrade/policy.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "oci/evidence.h"
#include "os/file.h"

#define KEY_SUFFIX ".pem"
#define DETAIL_MAX 200 /* characters of what is wrong with one signature */

/* ---- the keys ---- */

static int add_key(struct err *e, struct policy *p, const char *name)
{
	CLEANUP(mem_freep) char *path = mem_printf("%s/%s", p->keys_dir, name);
	CLEANUP(str_release) struct str text = { 0 };
	struct pubkey *key;

	if (!str_ends(name, KEY_SUFFIX))
		return err_set(
			e, ERR_USAGE,
			"%s: not a key that is looked at: its name must end with " KEY_SUFFIX,
			path);
	if (p->key_count == POLICY_KEYS_MAX)
		return err_set(e, ERR_USAGE, "%s: more than %d keys", p->keys_dir, POLICY_KEYS_MAX);
	if (file_read(e, path, PUBKEY_PEM_MAX, &text) < 0) {
		e->code = ERR_USAGE;
		return -1;
	}
	if (strlen(text.s ? text.s : "") != text.len)
		return err_set(e, ERR_USAGE, "%s: contains a NUL byte", path);
	if (pubkey_parse(e, path, text.s ? text.s : "", &key) < 0)
		return -1;
	p->keys = mem_grow(p->keys, (size_t)p->key_count + 1, sizeof(*p->keys));
	p->keys[p->key_count++] = key;
	return 0;
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int policy_open(struct err *e, const struct settings *s, struct policy *ret)
{
	CLEANUP(policy_release) struct policy p = { .formats = s->signature_formats };
	struct dirent **entries = NULL;
	int count, failed = 0;

	p.keys_dir = mem_printf("%s/keys", s->config_dir);
	count = scandir(p.keys_dir, &entries, is_visible, alphasort);
	if (count < 0 && errno != ENOENT) {
		err_sys(e, "cannot list '%s'", p.keys_dir);
		e->code = ERR_USAGE;
		return -1;
	}
	p.names = mem_alloc(sizeof(*p.names) * (size_t)(count > 0 ? count : 1));
	for (int i = 0; i < count; i++) {
		if (failed == 0)
			failed = add_key(e, &p, entries[i]->d_name);
		if (failed == 0)
			p.names[i] = mem_dup(entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	if (failed < 0)
		return -1;
	*ret = p;
	p = (struct policy){ 0 };
	return 0;
}

void policy_release(struct policy *p)
{
	for (int i = 0; i < p->key_count; i++) {
		pubkey_free(p->keys[i]);
		free(p->names[i]);
	}
	free(p->keys);
	free(p->names);
	free(p->keys_dir);
	*p = (struct policy){ 0 };
}

/* ---- what was found ---- */

struct findings {
	int count[SIGNATURE_VERDICTS];
	char first[SIGNATURE_VERDICTS][DETAIL_MAX]; /* what is wrong with the first of each kind */
};

static const char *const reasons[SIGNATURE_VERDICTS] = {
	[SIGNATURE_OTHER_KEY] = "by other keys",
	[SIGNATURE_OTHER_IMAGE] = "of another image",
	[SIGNATURE_OTHER_PURPOSE] = "of another purpose",
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

static const char *formats_asked(const struct policy *p)
{
	return p->formats == SIGNATURE_ANY       ? ""
	       : p->formats == SIGNATURE_CLASSIC ? "classic "
	                                         : "bundle ";
}

static int reject(struct err *e, const struct policy *p, const struct digest *top,
                  const struct findings *f)
{
	CLEANUP(str_release) struct str list = { 0 };
	int total = describe(f, &list);
	char digest[DIGEST_TEXT_MAX];

	digest_format(top, digest);
	if (total == 0)
		return err_set(
			e, ERR_REJECTED,
			"%s is not signed: no %ssignature was found, and a key in '%s' (there "
			"%s %d) must have made one: sign it with cosign, or remove the keys",
			digest, formats_asked(p), p->keys_dir, p->key_count == 1 ? "is" : "are",
			p->key_count);
	return err_set(
		e, ERR_REJECTED,
		"%s is not signed by a key in '%s': %d %ssignature%s found, %s: sign it with "
		"cosign and one of these keys, or put the signer's public key there",
		digest, p->keys_dir, total, formats_asked(p), total == 1 ? "" : "s", list.s);
}

/* ---- the proof ---- */

struct proof {
	const struct policy *policy;
	struct run *run;
	const struct digest *top;
	char *dir; /* of what is kept */
	struct findings findings;
	struct json *signed_by; /* once there is a good one */
};

/* true: this one is good. */
static bool check(struct proof *v, const struct signature *s)
{
	const struct policy *p = v->policy;
	char fingerprint[DIGEST_TEXT_MAX];
	enum signature_verdict verdict;
	struct err why;
	int key;

	verdict = signature_check(&why, s, v->top, p->keys, p->key_count, &key);
	if (verdict != SIGNATURE_GOOD) {
		log_debug("a %s signature: %s", signature_format_name(s->format), why.msg);
		note(&v->findings, verdict, &why);
		return false;
	}
	digest_format(pubkey_fingerprint(p->keys[key]), fingerprint);
	v->signed_by = json_object();
	json_set_str(v->signed_by, "key", p->names[key]);
	json_set_str(v->signed_by, "fingerprint", fingerprint);
	json_set_str(v->signed_by, "format", signature_format_name(s->format));
	return true;
}

/* What was kept is as good as what the registry has now: neither is believed. */
static bool check_kept(struct proof *v)
{
	CLEANUP(signature_release) struct signature s = { 0 };
	bool found, good;
	struct err e;

	if (evidence_load(&e, v->dir, v->top, &s, &found) < 0) {
		log_warn("a signature that was kept cannot be used: %s", e.msg);
		return false;
	}
	if (!found || !(v->policy->formats & s.format))
		return false;
	good = check(v, &s);
	v->findings = (struct findings){ 0 }; /* the registry's are what counts */
	return good;
}

/* *ret is false when none of them is good. */
static int check_found(struct err *e, struct proof *v, const struct signature_list *found,
                       bool *ret)
{
	*ret = false;
	for (int i = 0; i < found->count && !*ret; i++) {
		if (!check(v, &found->items[i]))
			continue;
		*ret = true;
		if (evidence_save(e, v->dir, v->top, &found->items[i]) < 0)
			return -1;
	}
	return 0;
}

static int check_source(struct err *e, struct proof *v, struct fetch *f)
{
	static const enum signature_format formats[] = { SIGNATURE_CLASSIC, SIGNATURE_BUNDLE };
	bool good = false;

	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats) && !good; i++) {
		CLEANUP(signature_list_release) struct signature_list found = { 0 };

		if (!(v->policy->formats & formats[i]))
			continue;
		if (fetch_signatures(e, f, v->top, formats[i], &found) < 0 ||
		    check_found(e, v, &found, &good) < 0)
			return -1;
	}
	return good ? 0 : reject(e, v->policy, v->top, &v->findings);
}

static void tell(struct proof *v)
{
	const struct findings *f = &v->findings;
	CLEANUP(str_release) struct str others = { 0 };

	event_tell(v->run->events, EVENT_INFO, "pull", json_copy(v->signed_by),
	           "signature: %s, by key '%s' (%.19s)", json_str(v->signed_by, "format"),
	           json_str(v->signed_by, "key"), json_str(v->signed_by, "fingerprint"));
	if (f->count[SIGNATURE_MALFORMED] && describe(f, &others))
		event_tell(v->run->events, EVENT_WARNING, "pull", NULL,
		           "beside it are signatures that are none: %s", others.s);
}

static int prove(struct err *e, struct proof *v, struct fetch *f)
{
	if (v->top->algorithm != DIGEST_SHA256)
		return err_set(e, ERR_REJECTED,
		               "signatures are of sha256 digests: name the image by its sha256");
	if (!check_kept(v) && check_source(e, v, f) < 0)
		return -1;
	tell(v);
	return 0;
}

static char *evidence_dir(const struct run *r)
{
	return mem_printf("%s/signatures", r->settings->state_dir);
}

int policy_approve(struct err *e, const struct policy *p, struct run *r, struct fetch *f,
                   const struct digest *top, struct json **ret_signed_by)
{
	CLEANUP(mem_freep) char *dir = evidence_dir(r);
	struct proof v = { .policy = p, .run = r, .top = top, .dir = dir };

	*ret_signed_by = NULL;
	if (p->key_count == 0) {
		event_tell(r->events, EVENT_INFO, "pull", NULL,
		           "signature: none required, no key in '%s'", p->keys_dir);
		return 0;
	}
	if (prove(e, &v, f) < 0) {
		json_free(v.signed_by);
		return -1;
	}
	*ret_signed_by = v.signed_by;
	return 0;
}

int policy_tidy(struct err *e, struct run *r)
{
	CLEANUP(mem_freep) char *dir = evidence_dir(r);

	return evidence_prune(e, dir, r->store);
}
