/* SPDX-License-Identifier: MIT */
#include "oci/origin.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"

#define ENGINE_PREFIX "docker-daemon:"

static enum origin_kind kind_of(const char *text)
{
	if (strcmp(text, "-") == 0)
		return ORIGIN_STDIN;
	if (str_starts(text, "/") || str_starts(text, "./") || str_starts(text, "../"))
		return ORIGIN_FILE;
	return str_starts(text, ENGINE_PREFIX) ? ORIGIN_ENGINE : ORIGIN_REGISTRY;
}

/* Also for who goes on with this in another directory. */
static int absolute(struct err *e, const char *path, char **ret)
{
	CLEANUP(mem_freep) char *here = NULL;

	if (*path == '/') {
		*ret = mem_dup(path);
		return 0;
	}
	while (str_starts(path, "./"))
		path += strlen("./");
	here = getcwd(NULL, 0);
	if (!here)
		return err_sys(e, "cannot tell where '%s' is", path);
	*ret = mem_printf("%s/%s", strcmp(here, "/") == 0 ? "" : here, path);
	return 0;
}

/* The engine takes names and IDs; what is neither must not become a part of a request. */
static int check_engine_name(struct err *e, const char *name)
{
	struct reference r = { 0 };
	struct digest id;
	struct err why;

	if (strlen(name) == 64 && strspn(name, "0123456789abcdef") == 64)
		return 0;
	if (digest_parse(&why, name, &id) == 0)
		return 0;
	if (reference_parse(e, name, &r) < 0)
		return -1;
	reference_release(&r);
	return 0;
}

static int take_place(struct err *e, const char *text, struct origin *o)
{
	switch (o->kind) {
	case ORIGIN_REGISTRY:
		if (reference_parse(e, text, &o->name) < 0)
			return -1;
		o->text = reference_format(&o->name);
		return 0;
	case ORIGIN_FILE:
		if (absolute(e, text, &o->place) < 0)
			return -1;
		o->text = mem_dup(o->place);
		return 0;
	case ORIGIN_ENGINE:
		o->place = mem_dup(text + strlen(ENGINE_PREFIX));
		o->text = mem_dup(text);
		return check_engine_name(e, o->place);
	case ORIGIN_STDIN:
		break;
	}
	o->text = mem_dup("standard input");
	return 0;
}

static int take_as(struct err *e, const char *as, struct origin *o)
{
	if (o->kind == ORIGIN_REGISTRY)
		return err_set(
			e, ERR_USAGE,
			"--as is for an image from a file or an engine: '%.200s' says itself "
			"what it is",
			o->text);
	return reference_parse(e, as, &o->name);
}

int origin_parse(struct err *e, const char *text, const char *as, struct origin *ret)
{
	struct origin o = { .kind = kind_of(text) };

	if (take_place(e, text, &o) < 0 || (as && take_as(e, as, &o) < 0)) {
		origin_release(&o);
		return -1;
	}
	*ret = o;
	return 0;
}

void origin_release(struct origin *o)
{
	reference_release(&o->name);
	free(o->text);
	free(o->place);
	*o = (struct origin){ 0 };
}
