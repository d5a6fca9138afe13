/* SPDX-License-Identifier: MIT */
#include "upgrade/policy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "oci/evidence.h"
#include "os/file.h"
#include "upgrade/proof.h"

#define POLICY_MAX (1024 * 1024) /* bytes */

/* ---- the file ---- */

static int add_rule(struct err *e, const struct rule_context *c, const struct json *object,
                    bool has_patterns, struct policy *p)
{
	const char *name = json_str(object, "name");

	if (p->rule_count == POLICY_RULES_MAX)
		return err_set(e, ERR_USAGE, "%s: more than %d rules", c->file, POLICY_RULES_MAX);
	p->rules = mem_grow(p->rules, (size_t)p->rule_count + 1, sizeof(*p->rules));
	if (rule_read(e, c, object, has_patterns, &p->rules[p->rule_count]) < 0)
		return -1;
	/* its name is how a refusal says which rule it was */
	for (int i = 0; i < p->rule_count; i++)
		if (strcmp(p->rules[i].origin, p->rules[p->rule_count].origin) == 0) {
			rule_release(&p->rules[p->rule_count]);
			return err_set(e, ERR_USAGE, "%s: two rules have the name '%s'", c->file,
			               name ? name : "");
		}
	p->rule_count++;
	return 0;
}

static int read_rules(struct err *e, const struct rule_context *c, struct policy *p)
{
	static const char *const keys[] = { "rules", "default", NULL };
	const struct json_reader r = { ERR_USAGE, c->file };
	const struct json *list = NULL, *otherwise = json_get(p->doc, "default");

	if (!json_is_object(p->doc))
		return err_set(e, ERR_USAGE, "%s: must be an object", c->file);
	if (json_only(e, &r, p->doc, keys) < 0 ||
	    (json_get(p->doc, "rules") && json_need_array(e, &r, p->doc, "rules", &list) < 0))
		return -1;
	for (const struct json *v = json_first(list); v; v = json_next(v))
		if (add_rule(e, c, v, true, p) < 0)
			return -1;
	return otherwise ? add_rule(e, c, otherwise, false, p) : 0;
}

static int read_policy(struct err *e, const struct rule_context *c, struct policy *p)
{
	CLEANUP(str_release) struct str text = { 0 };

	if (file_read(e, c->file, POLICY_MAX, &text) < 0) {
		if (e->sys != ENOENT) {
			e->code = ERR_USAGE;
			return -1;
		}
		p->rules = mem_alloc(sizeof(*p->rules));
		p->rule_count = 1;
		rule_builtin(c, p->rules);
		return 0;
	}
	if (json_parse(e, ERR_USAGE, c->file, text.s ? text.s : "", text.len, &p->doc) < 0)
		return -1;
	return read_rules(e, c, p);
}

int policy_open(struct err *e, const struct settings *s, struct policy *ret)
{
	CLEANUP(policy_release) struct policy p = { 0 };
	CLEANUP(mem_freep) char *file = mem_printf("%s/policy.json", s->config_dir);
	struct rule_context c = { .file = file,
		                  .keyring = &p.keyring,
		                  .formats = s->signature_formats };

	if (keyring_open(e, s->config_dir, &p.keyring) < 0 || read_policy(e, &c, &p) < 0)
		return -1;
	*ret = p;
	p = (struct policy){ 0 };
	return 0;
}

void policy_release(struct policy *p)
{
	for (int i = 0; i < p->rule_count; i++)
		rule_release(&p->rules[i]);
	free(p->rules);
	json_free(p->doc);
	keyring_release(&p->keyring);
	*p = (struct policy){ 0 };
}

/* ---- which rule ---- */

static int find_rule(struct err *e, const struct policy *p, const struct run *r,
                     const char *repository, bool named_by_archive, const struct rule **ret)
{
	const struct rule *skipped = NULL;

	for (int i = 0; i < p->rule_count; i++) {
		const struct rule *rule = &p->rules[i];

		if (!rule_is_for(rule, repository))
			continue;
		if (!named_by_archive || !p->doc || !rule->accepts_unsigned) {
			*ret = rule;
			return 0;
		}
		skipped = skipped ? skipped : rule;
	}
	if (skipped)
		return err_set(e, ERR_REJECTED,
		               "'%s' is what the archive calls itself: %s, which accepts unsigned "
		               "images, does not count then, and no other rule is for it: save "
		               "it with its signature, and ask for that in a rule",
		               repository, skipped->origin);
	return err_set(e, ERR_REJECTED,
	               "no rule of %s/policy.json is for '%s', and it has no default: add one",
	               r->settings->config_dir, repository);
}

static int check_digest(struct err *e, const struct rule *r, const struct digest *top)
{
	char text[DIGEST_TEXT_MAX];

	digest_format(top, text);
	if (!r->digests || rule_lists(r->digests, text))
		return 0;
	return err_set(e, ERR_REJECTED,
	               "%s is none of the images that %s, allows: add its digest there", text,
	               r->origin);
}

/* ---- the verdict ---- */

void approval_release(struct approval *a)
{
	json_free(a->signed_by);
	claims_release(&a->claims);
	*a = (struct approval){ 0 };
	claims_init(&a->claims);
}

static char *evidence_dir(const struct run *r)
{
	return mem_printf("%s/signatures", r->settings->state_dir);
}

static int prove(struct err *e, const struct policy *p, struct run *r, struct fetch *f,
                 const struct digest *top, struct approval *a)
{
	CLEANUP(mem_freep) char *dir = evidence_dir(r);
	struct proof_request q = { .rule = a->rule,
		                   .keys_dir = p->keyring.dir,
		                   .evidence_dir = dir,
		                   .run = r,
		                   .fetch = f,
		                   .top = top };

	if (a->rule->accepts_unsigned) {
		if (p->doc)
			event_tell(r->events, EVENT_INFO, "pull", NULL,
			           "signature: none required by %s", a->rule->origin);
		else
			event_tell(r->events, EVENT_INFO, "pull", NULL,
			           "signature: none required, no key in '%s'", p->keyring.dir);
		return 0;
	}
	return proof_find(e, &q, &a->signed_by, &a->claims);
}

int policy_approve(struct err *e, const struct policy *p, struct run *r, struct fetch *f,
                   const struct reference *ref, const struct digest *top, bool named_by_archive,
                   struct approval *ret)
{
	CLEANUP(mem_freep) char *repository = mem_printf("%s/%s", ref->host, ref->path);
	CLEANUP(approval_release) struct approval a = { 0 };

	claims_init(&a.claims);
	if (find_rule(e, p, r, repository, named_by_archive, &a.rule) < 0 ||
	    check_digest(e, a.rule, top) < 0 || prove(e, p, r, f, top, &a) < 0)
		return -1;
	*ret = a;
	a = (struct approval){ 0 };
	claims_init(&a.claims);
	return 0;
}

int policy_tidy(struct err *e, struct run *r)
{
	CLEANUP(mem_freep) char *dir = evidence_dir(r);

	return evidence_prune(e, dir, r->store);
}
