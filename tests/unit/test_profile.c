// SPDX-License-Identifier: MIT
#include "base/mem.h"
#include "tap.h"
#include "upgrade/profile.h"

#define GOOD_FILES "\"files\":[{\"from\":\"/bin/x\"}]"

static void refused(void)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "[]", "p: must be an object" },
		{ "{}", "p: key 'name' is missing" },
		{ "{\"name\":\"n\"}", "p: key 'files' is missing" },
		{ "{\"name\":\"n\",\"files\":[],\"units\":[]}",
		  "p: key 'files' must have 1 to 512 entries" },
		{ "{\"name\":\"n\"," GOOD_FILES "}", "p: key 'units' is missing" },
		{ "{\"name\":\"n\"," GOOD_FILES ",\"units\":[],\"unit\":1}",
		  "p: key 'unit' is not known here" },
		{ "{\"name\":\"n\"," GOOD_FILES ",\"units\":[\"-f\"]}",
		  "p: key 'units' must hold names of units" },
		{ "{\"name\":\"n\",\"files\":[{\"from\":\"x\"}],\"units\":[]}",
		  "p: 'from' must be an absolute path, not 'x'" },
		{ "{\"name\":\"n\",\"files\":[{\"from\":\"/x\",\"to\":\"/a/../b\"}],\"units\":[]}",
		  "p: 'to' must be an absolute path or a name, not '/a/../b'" },
		{ "{\"name\":\"n\",\"files\":[{\"from\":\"/x\",\"to\":\"a/b\"}],\"units\":[]}",
		  "p: 'to' must be an absolute path or a name, not 'a/b'" },
		{ "{\"name\":\"n\"," GOOD_FILES
		  ",\"units\":[],\"health\":{\"soak_seconds\":90000}}",
		  "p: key 'soak_seconds' must be at most 86400" },
		{ "{\"name\":\"n\"," GOOD_FILES ",\"units\":[],\"health\":{\"soak_seconds\":-1}}",
		  "p: key 'soak_seconds' must be a whole number" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CLEANUP(profile_freep) struct profile *p = NULL;
		struct err e = { 0 };

		ok(profile_parse(&e, ERR_USAGE, "p", cases[i].text, strlen(cases[i].text), &p) < 0,
		   "refused: %s", cases[i].text);
		is_str(e.msg, cases[i].says, "and it says why");
	}
}

static void builtin(void)
{
	CLEANUP(profile_freep) struct profile *p = NULL;
	const char *text = profile_builtin(0);
	struct err e;

	ok(profile_parse(&e, ERR_BUG, "built-in", text, strlen(text), &p) == 0,
	   "the built-in one is well-formed");
	ok(profile_wants(p, "/usr/local/bin/dockerd"), "wants dockerd");
	ok(profile_wants(p, "/usr/local/bin/containerd-shim-runc-v2"), "wants every shim");
	ok(!profile_wants(p, "/usr/local/bin/dockerd-entrypoint.sh"), "not the scripts beside it");
	ok(!profile_wants(p, "/usr/local/bin/containerd-shim/evil"),
	   "a star does not cross a directory");
	is_int(p->soak_ms, 10000, "soak by default: 10 s");
}

static void repositories(void)
{
	static const char text[] =
		"{\"name\":\"n\",\"images\":[\"r.example/lab/*\"]," GOOD_FILES ",\"units\":[]}";
	CLEANUP(profile_freep) struct profile *p = NULL;
	struct err e;

	ok(profile_parse(&e, ERR_USAGE, "p", text, strlen(text), &p) == 0, "parsed");
	ok(profile_is_for(p, "r.example/lab/engine"), "is for a repository that matches");
	ok(!profile_is_for(p, "r.example.org/lab/engine"), "and for no other");
}

int main(void)
{
	refused();
	builtin();
	repositories();
	return done_testing();
}
