/* SPDX-License-Identifier: MIT */
#include "upgrade/profile.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "os/file.h"

#define DEFAULT_TIMEOUT_S 120
#define DEFAULT_SOAK_S 10
#define SECONDS_MAX 86400

void profile_free(struct profile *p)
{
	if (!p)
		return;
	json_free(p->doc);
	free(p->origin);
	free(p->files);
	free(p->units);
	free(p);
}

void profile_freep(struct profile **p)
{
	profile_free(*p);
}

static int optional_str(struct err *e, const struct json_reader *r, const struct json *o,
                        const char *key, const char **ret)
{
	return json_get(o, key) ? json_need_str(e, r, o, key, ret) : 0;
}

static int optional_bool(struct err *e, const struct json_reader *r, const struct json *o,
                         const char *key, bool *ret)
{
	const struct json *v = json_get(o, key);

	*ret = json_bool(o, key, false);
	return !v || json_is_bool(v)
	               ? 0
	               : err_set(e, r->code, "%s: key '%s' must be true or false", r->name, key);
}

static bool clean_absolute(const char *path)
{
	return path[0] == '/' && !strstr(path, "/../") && !strstr(path, "//") &&
	       !str_ends(path, "/..");
}

static int read_file(struct err *e, const struct json_reader *r, const struct json *v,
                     struct profile_file *f)
{
	static const char *const keys[] = { "from", "to", "unit", "required", "version", NULL };

	f->to = "";
	if (!json_is_object(v))
		return err_set(e, r->code, "%s: every entry of 'files' must be an object", r->name);
	if (json_only(e, r, v, keys) < 0 || json_need_str(e, r, v, "from", &f->from) < 0 ||
	    optional_str(e, r, v, "to", &f->to) < 0 || optional_str(e, r, v, "unit", &f->unit) < 0)
		return -1;
	if (!clean_absolute(f->from))
		return err_set(e, r->code, "%s: 'from' must be an absolute path, not '%s'", r->name,
		               f->from);
	if (strchr(f->to, '/') && !clean_absolute(f->to))
		return err_set(e, r->code, "%s: 'to' must be an absolute path or a name, not '%s'",
		               r->name, f->to);
	if (optional_bool(e, r, v, "required", &f->required) < 0)
		return -1;
	return optional_bool(e, r, v, "version", &f->says_version);
}

static int read_files(struct err *e, const struct json_reader *r, struct profile *p)
{
	const struct json *files;

	if (json_need_array(e, r, p->doc, "files", &files) < 0)
		return -1;
	if (json_length(files) < 1 || json_length(files) > PROFILE_FILES_MAX)
		return err_set(e, r->code, "%s: key 'files' must have 1 to %d entries", r->name,
		               PROFILE_FILES_MAX);
	p->files = mem_alloc(sizeof(*p->files) * (size_t)json_length(files));
	for (const struct json *v = json_first(files); v; v = json_next(v))
		if (read_file(e, r, v, &p->files[p->file_count++]) < 0)
			return -1;
	return 0;
}

static int read_units(struct err *e, const struct json_reader *r, struct profile *p)
{
	const struct json *units;

	if (json_need_array(e, r, p->doc, "units", &units) < 0)
		return -1;
	if (json_length(units) > PROFILE_UNITS_MAX)
		return err_set(e, r->code, "%s: key 'units' must have at most %d entries", r->name,
		               PROFILE_UNITS_MAX);
	p->units = mem_alloc(sizeof(*p->units) * (size_t)(json_length(units) + 1));
	for (const struct json *v = json_first(units); v; v = json_next(v)) {
		const char *unit = json_string(v);

		if (!unit || !*unit || *unit == '-' || strchr(unit, '/'))
			return err_set(e, r->code, "%s: key 'units' must hold names of units",
			               r->name);
		p->units[p->unit_count++] = unit;
	}
	return 0;
}

static int read_seconds(struct err *e, const struct json_reader *r, const struct json *o,
                        const char *key, int64_t otherwise, int64_t *ret_ms)
{
	int64_t s = otherwise;

	if (json_get(o, key) && json_need_int(e, r, o, key, &s) < 0)
		return -1;
	if (s > SECONDS_MAX)
		return err_set(e, r->code, "%s: key '%s' must be at most %d", r->name, key,
		               SECONDS_MAX);
	*ret_ms = s * 1000;
	return 0;
}

static int read_version(struct err *e, const struct json_reader *r, struct profile *p)
{
	static const char *const keys[] = { "env", "label", NULL };
	const struct json *version;

	if (!json_get(p->doc, "version"))
		return 0;
	if (json_need_object(e, r, p->doc, "version", &version) < 0 ||
	    json_only(e, r, version, keys) < 0 ||
	    optional_str(e, r, version, "env", &p->version_env) < 0 ||
	    optional_str(e, r, version, "label", &p->version_label) < 0)
		return -1;
	return 0;
}

static int read_health(struct err *e, const struct json_reader *r, struct profile *p)
{
	static const char *const keys[] = { "timeout_seconds", "soak_seconds", NULL };
	const struct json *health = NULL;

	if (json_get(p->doc, "health") && (json_need_object(e, r, p->doc, "health", &health) < 0 ||
	                                   json_only(e, r, health, keys) < 0))
		return -1;
	if (read_seconds(e, r, health, "timeout_seconds", DEFAULT_TIMEOUT_S,
	                 &p->health_timeout_ms) < 0)
		return -1;
	return read_seconds(e, r, health, "soak_seconds", DEFAULT_SOAK_S, &p->soak_ms);
}

static int read_all(struct err *e, const struct json_reader *r, struct profile *p)
{
	static const char *const keys[] = { "name",  "images", "version", "channel",
		                            "files", "units",  "health",  NULL };

	if (!json_is_object(p->doc))
		return err_set(e, r->code, "%s: must be an object", r->name);
	if (json_only(e, r, p->doc, keys) < 0 || json_need_str(e, r, p->doc, "name", &p->name) < 0)
		return -1;
	if (json_get(p->doc, "images") && json_need_array(e, r, p->doc, "images", &p->images) < 0)
		return -1;
	for (const struct json *v = json_first(p->images); v; v = json_next(v))
		if (!json_string(v))
			return err_set(e, r->code, "%s: key 'images' must hold strings", r->name);
	if (optional_str(e, r, p->doc, "channel", &p->channel) < 0)
		return -1;
	if (read_version(e, r, p) < 0 || read_files(e, r, p) < 0 || read_units(e, r, p) < 0)
		return -1;
	return read_health(e, r, p);
}

int profile_parse(struct err *e, enum err_code code, const char *origin, const char *text,
                  size_t len, struct profile **ret)
{
	CLEANUP(profile_freep) struct profile *p = mem_alloc(sizeof(*p));
	struct json_reader r = { code, origin };

	p->origin = mem_dup(origin);
	if (json_parse(e, code, origin, text, len, &p->doc) < 0 || read_all(e, &r, p) < 0)
		return -1;
	*ret = STEAL(p);
	return 0;
}

int profile_read(struct err *e, const char *path, struct profile **ret)
{
	CLEANUP(str_release) struct str text = { 0 };

	if (file_read(e, path, PROFILE_MAX, &text) < 0) {
		e->code = ERR_USAGE;
		return err_wrap(e, "profile");
	}
	return profile_parse(e, ERR_USAGE, path, text.s, text.len, ret);
}

bool profile_file_matches(const struct profile_file *f, const char *path)
{
	return fnmatch(f->from, path, FNM_PATHNAME | FNM_NOESCAPE) == 0;
}

bool profile_wants(const struct profile *p, const char *path)
{
	for (int i = 0; i < p->file_count; i++)
		if (profile_file_matches(&p->files[i], path))
			return true;
	return false;
}

bool profile_is_for(const struct profile *p, const char *repository)
{
	for (const struct json *v = json_first(p->images); v; v = json_next(v)) {
		const char *pattern = json_string(v);

		if (pattern && str_match(pattern, repository))
			return true;
	}
	return false;
}

static int is_profile(const struct dirent *d)
{
	return d->d_name[0] != '.' && str_ends(d->d_name, ".json");
}

int profile_find(struct err *e, const char *dir, const char *repository, struct profile **ret)
{
	struct dirent **entries = NULL;
	int count = scandir(dir, &entries, is_profile, alphasort), failed = 0;

	*ret = NULL;
	if (count < 0)
		return errno == ENOENT ? 0 : err_sys(e, "cannot read directory '%s'", dir);
	for (int i = 0; i < count; i++) {
		CLEANUP(mem_freep) char *path = mem_printf("%s/%s", dir, entries[i]->d_name);
		CLEANUP(profile_freep) struct profile *p = NULL;

		/* Every file is read, also behind the one that fits: a typing error is told today. */
		if (!failed && profile_read(e, path, &p) < 0)
			failed = 1;
		else if (p && !*ret && profile_is_for(p, repository))
			*ret = STEAL(p);
		free(entries[i]);
	}
	free(entries);
	if (!failed)
		return 0;
	profile_free(*ret);
	*ret = NULL;
	return -1;
}
