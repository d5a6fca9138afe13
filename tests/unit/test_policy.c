// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "cosign_data.h"
#include "os/file.h"
#include "tap.h"
#include "upgrade/advance.h"
#include "upgrade/highest.h"
#include "upgrade/policy.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static char *dir;

static void write_file(const char *name, const char *text)
{
	CLEANUP(mem_freep) char *path = mem_printf("%s/%s", dir, name);
	struct err e;

	if (file_replace(&e, path, text, strlen(text), 0600) < 0)
		abort();
}

/* The tables are easier to read with single quotes. */
static void write_policy(const char *text)
{
	CLEANUP(mem_freep) char *copy = mem_dup(text);

	for (char *p = copy; *p; p++)
		*p = (char)(*p == '\'' ? '"' : *p);
	write_file("policy.json", copy);
}

static int open_policy(struct err *e, struct policy *ret)
{
	struct settings s;

	settings_init(&s);
	s.config_dir = dir;
	*ret = (struct policy){ 0 };
	return policy_open(e, &s, ret);
}

/* ---- policy.json ---- */

static const struct {
	const char *text, *says; /* behind the path of the file */
} refused[] = {
	{ "", ": not JSON at line 1" },
	{ "[]", ": must be an object" },
	{ "{'rule':[]}", ": key 'rule' is not known here" },
	{ "{'rules':{}}", ": key 'rules' must be an array" },
	{ "{'rules':[1]}", ", rule '': must be an object" },
	{ "{'rules':[{}]}", ", rule '': key 'name' is missing" },
	{ "{'rules':[{'name':'a'}]}", ", rule 'a': key 'repositories' is missing" },
	{ "{'rules':[{'name':'a','repositories':[]}]}",
	  ", rule 'a': key 'repositories' must not be empty" },
	{ "{'rules':[{'name':'a','repositories':['x'],'key':['a.pem']}]}",
	  ", rule 'a': key 'key' is not known here" },
	{ "{'rules':[{'name':'a','repositories':['x']},{'name':'a','repositories':['y']}]}",
	  ": two rules have the name 'a'" },
	{ "{'default':{},'default':{}}", ": key 'default' occurs twice" },
	{ "{'default':{'name':'x'}}", ", the default: key 'name' is not known here" },
	{ "{'default':{'repositories':['x']}}",
	  ", the default: key 'repositories' is not known here" },
	{ "{'default':[]}", ", the default: must be an object" },
	{ "{'default':{'keys':'a.pem'}}", ", the default: key 'keys' must be an array" },
	{ "{'default':{'keys':[]}}", ", the default: key 'keys' must not be empty" },
	{ "{'default':{'keys':[1]}}", ", the default: key 'keys' must hold strings" },
	{ "{'default':{'keys':['a.pem','a.pem']}}",
	  ", the default: key 'keys' holds 'a.pem' twice" },
	{ "{'default':{'keys':['z.pem']}}",
	  ", the default: key 'keys' names 'z.pem', which is not in '" },
	{ "{'default':{'signatures':0}}", ", the default: key 'signatures' must be at least 1" },
	{ "{'default':{'signatures':'1'}}",
	  ", the default: key 'signatures' must be a whole number" },
	/* a.pem and same.pem are one key */
	{ "{'default':{'signatures':3}}",
	  ", the default: key 'signatures' asks for 3, but there are only 2 keys" },
	{ "{'default':{'signatures':2,'keys':['a.pem','same.pem']}}",
	  ", the default: key 'signatures' asks for 2, but there are only 1 keys" },
	{ "{'default':{'signature_formats':['Classic']}}",
	  ", the default: key 'signature_formats' may hold \"classic\" and \"bundle\"" },
	{ "{'default':{'signature_formats':[]}}",
	  ", the default: key 'signature_formats' must not be empty" },
	{ "{'default':{'signed_as':'r/n'}}",
	  ", the default: key 'signed_as' needs \"signature_formats\": [\"classic\"]" },
	{ "{'default':{'expiry':'yes'}}", ", the default: key 'expiry' may be \"required\" only" },
	{ "{'default':{'unsigned':true}}", ", the default: key 'unsigned' must be a string" },
	{ "{'default':{'unsigned':'ok'}}",
	  ", the default: key 'unsigned' may be \"accepted\" only" },
	{ "{'default':{'unsigned':'accepted','keys':['a.pem']}}",
	  ", the default: key 'keys' says nothing beside" },
	{ "{'default':{'unsigned':'accepted','signatures':1}}",
	  ", the default: key 'signatures' says nothing beside" },
	{ "{'default':{'unsigned':'accepted','signature_formats':['bundle']}}",
	  ", the default: key 'signature_formats' says nothing beside" },
	{ "{'default':{'unsigned':'accepted','expiry':'required'}}",
	  ", the default: key 'expiry' says nothing beside" },
	{ "{'default':{'digests':['sha256:1']}}", ", the default: key 'digests': " },
	{ "{'default':{'channels':'stable'}}", ", the default: key 'channels' must be an array" },
	{ "{'default':{'minimum_version':20}}",
	  ", the default: key 'minimum_version' must be a string" },
	{ "{'default':{'minimum_version':'latest'}}",
	  ", the default: key 'minimum_version': 'latest' is no version" },
	{ "{'default':{'minimum_epoch':'3'}}",
	  ", the default: key 'minimum_epoch' must be a whole number" },
	{ "{'default':{'minimum_epoch':-1}}",
	  ", the default: key 'minimum_epoch' must be a whole number" },
	{ "{'default':{'step':'tiny'}}", ", the default: key 'step' may be" },
	{ "{'default':{'step':'release'}}",
	  ", the default: key 'step' \"release\" needs the list \"releases\"" },
	{ "{'default':{'step':'minor','releases':['20.10']}}",
	  ", the default: key 'releases' needs \"step\": \"release\"" },
	{ "{'default':{'releases':['20.10']}}",
	  ", the default: key 'releases' needs \"step\": \"release\"" },
	{ "{'default':{'step':'release','releases':['stable']}}",
	  ", the default: key 'releases': 'stable' is no version" },
	{ "{'default':{'forbid':['downgrade']}}", ", the default: key 'forbid' may hold" },
	{ "{'default':{'forbid':['allow-downgrade','allow-downgrade']}}",
	  ", the default: key 'forbid' holds 'allow-downgrade' twice" },
};

static void test_refused(void)
{
	CLEANUP(mem_freep) char *file = mem_printf("%s/policy.json", dir);

	for (size_t i = 0; i < COUNT(refused); i++) {
		CLEANUP(mem_freep) char *says = mem_printf("%s%s", file, refused[i].says);
		CLEANUP(policy_release) struct policy p;
		struct err e = { 0 };

		write_policy(refused[i].text);
		if (!ok(open_policy(&e, &p) < 0 && e.code == ERR_USAGE && str_starts(e.msg, says),
		        "refused: %s", refused[i].text))
			note("%s", e.msg);
	}
}

static void test_taken(void)
{
	CLEANUP(policy_release) struct policy p;
	const struct rule *r;
	struct err e = { 0 };

	write_policy("{'rules':[{'name':'one','repositories':['r.example/a/*','docker.io/library/"
	             "docker'],"
	             "'keys':['b.pem'],'signature_formats':['classic'],'signed_as':'r.example/a/b',"
	             "'expiry':'required','channels':['stable','rc'],'minimum_version':'20.10.0',"
	             "'minimum_epoch':3,'step':'release','releases':['20.10','23.0'],"
	             "'forbid':['allow-channel-change']}],"
	             "'default':{'unsigned':'accepted','forbid':['allow-downgrade']}}");
	if (!ok(open_policy(&e, &p) == 0, "a whole policy is read")) {
		note("%s", e.msg);
		return;
	}
	is_int(p.rule_count, 2, "a rule and the default");
	r = p.rules;
	ok(rule_is_for(r, "r.example/a/b") && rule_is_for(r, "r.example/a/b/c") &&
	           rule_is_for(r, "docker.io/library/docker"),
	   "it is for what its patterns match");
	ok(!rule_is_for(r, "r.example/a") && !rule_is_for(r, "xr.example/a/b") &&
	           !rule_is_for(r, "docker.io/library/docker2"),
	   "and for nothing else");
	ok(r->key_count == 1 && strcmp(r->key_names[0], "b.pem") == 0 && r->signatures == 1 &&
	           r->formats == SIGNATURE_CLASSIC && strcmp(r->signed_as, "r.example/a/b") == 0 &&
	           r->needs_expiry && !r->accepts_unsigned,
	   "what it says of signatures");
	ok(rule_lists(r->channels, "rc") && !rule_lists(r->channels, "edge") &&
	           r->minimum_epoch == 3 && r->step == RULE_STEP_RELEASE && !r->forbids_downgrade &&
	           r->forbids_channel_change,
	   "what it says of versions");
	r = p.rules + 1;
	ok(rule_is_for(r, "any/thing") && r->accepts_unsigned && r->forbids_downgrade,
	   "the default is for all");
}

static void test_builtin(void)
{
	CLEANUP(mem_freep) char *file = mem_printf("%s/policy.json", dir);
	CLEANUP(policy_release) struct policy p;
	struct err e;

	unlink(file);
	ok(open_policy(&e, &p) == 0 && p.rule_count == 1 && !p.doc, "without a file: one rule");
	ok(!p.rules[0].accepts_unsigned && p.rules[0].key_count == 3 &&
	           p.rules[0].signatures == 1 && p.rules[0].formats == SIGNATURE_ANY,
	   "... which asks for a signature by any key");
}

/* ---- how a version may follow another ---- */

static const char everything[] = "{'default':{}}";

static const struct {
	const char *policy;
	const char *running, *highest, *highest_channel; /* highest NULL: none */
	int64_t highest_epoch;
	const char *version, *channel;
	int64_t epoch;
	const char *words; /* "d" and "c" on the command line */
	const char *says;  /* NULL: it may; else a part of the message */
	const char *allowed;
} steps[] = {
	/* older, newer, the same */
	{ everything, "26.1.5", NULL, NULL, 0, "28.5.2", "stable", 0, "", NULL, "" },
	{ everything, "26.1.5+dfsg1", NULL, NULL, 0, "26.1.5", "stable", 0, "", NULL, "" },
	{ everything, "28.5.2", NULL, NULL, 0, "26.1.5", "stable", 0, "",
	  "26.1.5 is older than 28.5.2, which runs here (", "" },
	{ everything, "28.5.2", NULL, NULL, 0, "26.1.5", "stable", 0, "",
	  "): give --allow-downgrade", "" },
	{ everything, "28.5.2", NULL, NULL, 0, "26.1.5", "stable", 0, "d", NULL, "downgrade" },
	{ everything, "26.1.5", NULL, NULL, 0, "28.5.2", "stable", 0, "dc", NULL, "" },
	{ "{'default':{'forbid':['allow-downgrade']}}", "28.5.2", NULL, NULL, 0, "26.1.5", "stable",
	  0, "d", "policy.json, the default, forbids --allow-downgrade", "" },
	{ "{'default':{'forbid':['allow-downgrade']}}", "28.5.2", NULL, NULL, 0, "28.5.2", "stable",
	  0, "", NULL, "" },
	{ everything, "v1.29.3+k3s2", NULL, NULL, 0, "v1.29.3+k3s1", "stable", 0, "",
	  "v1.29.3+k3s1 is older than v1.29.3+k3s2", "" },
	{ everything, "28.0.0", NULL, NULL, 0, "28.0.0-rc.1", "rc", 0, "c", "is older than 28.0.0",
	  "" },
	/* the highest that was committed */
	{ everything, "20.10.24", "28.5.2", "stable", 0, "26.1.5", "stable", 0, "",
	  "26.1.5 is older than 28.5.2, which was committed here", "" },
	{ everything, "20.10.24", "28.5.2", "stable", 0, "26.1.5", "stable", 0, "d", NULL,
	  "downgrade" },
	{ everything, "20.10.24", "28.5.2", "stable", 0, "28.5.2", "stable", 0, "", NULL, "" },
	{ everything, "20.10.24+dfsg1", "28.5.2", "stable", 0, "20.10.24", "stable", 0, "", NULL,
	  "" },
	{ everything, "28.5.2", "26.1.5", "stable", 0, "27.0.0", "stable", 0, "",
	  "is older than 28.5.2, which runs here", "" },
	/* what cannot be compared is never newer */
	{ everything, "dev", NULL, NULL, 0, "28.5.2", "stable", 0, "",
	  "is it older than dev, which runs here? 'dev' is no version that can be compared", "" },
	{ everything, "dev", NULL, NULL, 0, "28.5.2", "stable", 0, "dc", NULL,
	  "downgrade channel-change" },
	{ everything, "28.5.2", NULL, NULL, 0, "newest", "stable", 0, "", "'newest' is no version",
	  "" },
	{ everything, "17.06.2-ce", NULL, NULL, 0, "17.06.2-ee-16", "stable", 0, "",
	  "different editions", "" },
	{ everything, "newest", NULL, NULL, 0, "newest", "stable", 0, "", NULL, "" },
	/* channels */
	{ everything, "26.1.5", NULL, NULL, 0, "28.0.0-rc.1", "rc", 0, "",
	  "28.0.0-rc.1 is of channel 'rc', and 26.1.5, which runs here, of 'stable' (", "" },
	{ everything, "26.1.5", NULL, NULL, 0, "28.0.0-rc.1", "rc", 0, "",
	  "): give --allow-channel-change", "" },
	{ everything, "26.1.5", NULL, NULL, 0, "28.0.0-rc.1", "rc", 0, "c", NULL,
	  "channel-change" },
	{ "{'default':{'forbid':['allow-channel-change']}}", "26.1.5", NULL, NULL, 0, "28.0.0-rc.1",
	  "rc", 0, "c", "forbids --allow-channel-change", "" },
	{ everything, "28.0.0-rc.1", NULL, NULL, 0, "28.0.0", "stable", 0, "", "channel 'stable'",
	  "" },
	{ everything, "28.0.0", "28.0.0", "edge", 0, "28.0.1", "edge", 0, "", NULL, "" },
	{ everything, "28.0.0", "28.0.0", "edge", 0, "28.0.1", "stable", 0, "", "of 'edge'", "" },
	/* what is recorded is not what runs: somebody else installed that */
	{ everything, "28.0.1", "28.0.0", "edge", 0, "28.0.2", "stable", 0, "", NULL, "" },
	{ everything, "28.5.2", NULL, NULL, 0, "26.0.0-rc.1", "rc", 0, "dc", NULL,
	  "downgrade channel-change" },
	{ "{'default':{'channels':['stable','rc']}}", "26.1.5", NULL, NULL, 0, "28.0.0", "edge", 0,
	  "c", "is of channel 'edge': ", "" },
	{ "{'default':{'channels':['stable','rc']}}", "26.1.5", NULL, NULL, 0, "28.0.0", "edge", 0,
	  "c", "takes only 'stable', 'rc'", "" },
	{ "{'default':{'channels':['stable','rc']}}", "26.1.5", NULL, NULL, 0, "28.0.0", "stable",
	  0, "", NULL, "" },
	/* minimum */
	{ "{'default':{'minimum_version':'26.0'}}", "20.10.24", NULL, NULL, 0, "25.0.5", "stable",
	  0, "dc", "25.0.5 is older than 26.0: ", "" },
	{ "{'default':{'minimum_version':'26.0'}}", "20.10.24", NULL, NULL, 0, "26.0.0", "stable",
	  0, "", NULL, "" },
	{ "{'default':{'minimum_version':'26.0'}}", NULL, NULL, NULL, 0, "25.0.5", "stable", 0, "",
	  "takes none below it", "" },
	/* epoch: no word helps */
	{ "{'default':{'minimum_epoch':3}}", "26.1.5", NULL, NULL, 0, "28.5.2", "stable", 2, "dc",
	  "its epoch is 2: ", "" },
	{ "{'default':{'minimum_epoch':3}}", "26.1.5", NULL, NULL, 0, "28.5.2", "stable", 3, "",
	  NULL, "" },
	{ everything, "26.1.5", "26.1.5", "stable", 4, "28.5.2", "stable", 3, "dc",
	  "its epoch is 3, and 4 was committed here", "" },
	{ everything, "26.1.5", "26.1.5", "stable", 4, "26.1.5", "stable", 3, "dc",
	  "its epoch is 3, and 4 was committed here", "" },
	{ everything, "26.1.5", "26.1.5", "stable", 4, "28.5.2", "stable", 4, "", NULL, "" },
	{ everything, "26.1.5", "26.1.5", "stable", 4, NULL, NULL, 3, "dc", "its epoch is 3", "" },
	{ everything, "26.1.5", "26.1.5", "stable", 4, NULL, NULL, 5, "", NULL, "" },
	/* how far at once */
	{ "{'default':{'step':'patch'}}", "26.1.3", NULL, NULL, 0, "26.1.5", "stable", 0, "", NULL,
	  "" },
	{ "{'default':{'step':'patch'}}", "26.1.3", NULL, NULL, 0, "26.2.0", "stable", 0, "dc",
	  "26.2.0 is too far from 26.1.3, which runs here: ", "" },
	{ "{'default':{'step':'minor'}}", "v1.28.8+k3s1", NULL, NULL, 0, "v1.29.3+k3s1", "stable",
	  0, "", NULL, "" },
	{ "{'default':{'step':'minor'}}", "v1.28.8+k3s1", NULL, NULL, 0, "v1.30.0+k3s1", "stable",
	  0, "", "allows one minor of the same major at once", "" },
	{ "{'default':{'step':'minor'}}", "1.28.8", NULL, NULL, 0, "2.0.0", "stable", 0, "",
	  "is too far", "" },
	{ "{'default':{'step':'minor'}}", "2.1.0", NULL, NULL, 0, "1.28.0", "stable", 0, "d", NULL,
	  "downgrade" },
	/* beyond the highest, but forward: it is measured */
	{ "{'default':{'step':'minor'}}", "1.1.0", "1.9.0", "stable", 0, "1.5.0", "stable", 0, "d",
	  "is too far", "" },
	{ "{'default':{'step':'major'}}", "26.1.5", NULL, NULL, 0, "27.9.0", "stable", 0, "", NULL,
	  "" },
	{ "{'default':{'step':'major'}}", "26.1.5", NULL, NULL, 0, "28.0.0", "stable", 0, "",
	  "allows one major at once", "" },
	{ "{'default':{'step':'release','releases':['20.10','23.0','24.0']}}", "20.10.24", NULL,
	  NULL, 0, "23.0.6", "stable", 0, "", NULL, "" },
	{ "{'default':{'step':'release','releases':['20.10','23.0','24.0']}}", "20.10.24", NULL,
	  NULL, 0, "20.10.27", "stable", 0, "", NULL, "" },
	{ "{'default':{'step':'release','releases':['20.10','23.0','24.0']}}", "20.10.24", NULL,
	  NULL, 0, "24.0.9", "stable", 0, "", "one release of its list at once", "" },
	{ "{'default':{'step':'release','releases':['20.10','23.0','24.0']}}", "20.10.24", NULL,
	  NULL, 0, "25.0.0", "stable", 0, "", "is too far", "" },
	{ "{'default':{'step':'release','releases':['20.10','23.0','24.0']}}", "19.03.9", NULL,
	  NULL, 0, "20.10.24", "stable", 0, "", "is too far", "" },
	{ "{'default':{'step':'patch'}}", "dev", NULL, NULL, 0, "26.1.5", "stable", 0, "dc",
	  "key 'step': 'dev' is no version", "" },
};

static char *joined(const struct json *list)
{
	struct str s = { 0 };

	for (const struct json *v = json_first(list); v; v = json_next(v))
		str_addf(&s, "%s%s", s.len ? " " : "", json_string(v));
	return str_steal(&s);
}

static void test_advance(void)
{
	for (size_t i = 0; i < COUNT(steps); i++) {
		CLEANUP(mem_freep)
		char *version = mem_dup(steps[i].highest ? steps[i].highest : "");
		CLEANUP(mem_freep)
		char *channel = mem_dup(steps[i].highest ? steps[i].highest_channel : "");
		CLEANUP(json_freep) struct json *allowed = json_array();
		CLEANUP(mem_freep) char *said = NULL;
		CLEANUP(policy_release) struct policy p;
		struct err e = { 0 };
		struct advance a = {
			.running = steps[i].running,
			.highest = { .epoch = steps[i].highest_epoch },
			.version = steps[i].version,
			.channel = steps[i].channel,
			.epoch = steps[i].epoch,
			.allow_downgrade = strchr(steps[i].words, 'd'),
			.allow_channel_change = strchr(steps[i].words, 'c'),
		};
		int failed;

		if (steps[i].highest) {
			a.highest.version = version;
			a.highest.channel = channel;
		}
		write_policy(steps[i].policy);
		if (open_policy(&e, &p) < 0) {
			ok(false, "row %zu: %s", i, e.msg);
			continue;
		}
		a.rule = p.rules;
		failed = advance_check(&e, &a, allowed);
		if (!ok(steps[i].says ? failed < 0 && e.code == ERR_REJECTED &&
		                                strstr(e.msg, steps[i].says)
		                      : failed == 0,
		        "%s -> %s '%s' %s: %s", steps[i].running ? steps[i].running : "-",
		        steps[i].version ? steps[i].version : "-", steps[i].words, steps[i].policy,
		        steps[i].says ? steps[i].says : "may"))
			note("%s", e.msg);
		said = joined(allowed);
		if (!steps[i].says)
			is_str(said, steps[i].allowed, "... and the words that it needed");
	}
}

/* ---- what is remembered ---- */

static const struct {
	const char *version, *channel;
	int64_t epoch;
	bool allowed;
	const char *then; /* what the file says after it */
} records[] = {
	{ "26.1.5", "stable", 2, false, "26.1.5 stable 2" },
	{ "20.10.24", "stable", 3, false, "26.1.5 stable 3" },
	{ "26.1.5+dfsg1", "rc", 1, false, "26.1.5 stable 3" },
	{ "28.0.0-rc.1", "rc", 0, false, "28.0.0-rc.1 rc 3" },
	{ "newest", "stable", 0, false, "28.0.0-rc.1 rc 3" },
	{ "26.1.5", "stable", 0, true, "26.1.5 stable 3" },
	{ "newest", "stable", 0, true, "newest stable 3" },
	{ "28.5.2", "stable", 0, true, "28.5.2 stable 3" },
};

static void test_highest(void)
{
	CLEANUP(highest_release) struct highest none = { 0 };
	struct settings s;
	struct err e = { 0 };

	settings_init(&s);
	s.state_dir = dir;
	ok(highest_read(&e, &s, "p", &none) == 0 && !none.version && none.epoch == 0,
	   "nothing is recorded at first");
	for (size_t i = 0; i < COUNT(records); i++) {
		CLEANUP(highest_release)
		struct highest now = { mem_dup(records[i].version), mem_dup(records[i].channel),
			               records[i].epoch };
		CLEANUP(highest_release) struct highest then = { 0 };
		CLEANUP(mem_freep) char *text = NULL;

		if (highest_record(&e, &s, "p", &now, records[i].allowed) < 0 ||
		    highest_record(&e, &s, "other", &now, false) < 0 ||
		    highest_read(&e, &s, "p", &then) < 0)
			note("%s", e.msg);
		text = mem_printf("%s %s %lld", then.version ? then.version : "-",
		                  then.channel ? then.channel : "-", (long long)then.epoch);
		is_str(text, records[i].then, "%s%s: the highest", records[i].version,
		       records[i].allowed ? ", allowed" : "");
	}
	write_file("highest.json", "{\"p\": {\"version\": \"1\"}}");
	ok(highest_read(&e, &s, "p", &none) < 0 && e.code == ERR_BROKEN,
	   "a damaged file is no reason to forget");
	ok(highest_read(&e, &s, "q", &none) == 0, "... of another profile");
}

int main(void)
{
	char template[] = "/tmp/nodelift-policy.XXXXXX";
	CLEANUP(mem_freep) char *keys = NULL;
	struct err e;

	dir = mkdtemp(template);
	keys = mem_printf("%s/keys", dir);
	if (!dir || file_mkdirs(&e, keys, 0700) < 0)
		abort();
	write_file("keys/a.pem", cosign_data[0].key);
	write_file("keys/b.pem", cosign_data[1].key);
	write_file("keys/same.pem", cosign_data[0].key);
	test_refused();
	test_taken();
	test_builtin();
	test_advance();
	test_highest();
	if (file_remove_tree(&e, dir) < 0)
		note("%s", e.msg);
	return done_testing();
}
