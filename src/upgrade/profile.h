/* SPDX-License-Identifier: MIT */
/*
 * profile: how the files of an image are installed on a node. JSON:
 *
 *	{
 *	  "name": "docker-dind",                  for messages
 *	  "images": ["docker.io/library/docker"], repositories it is for; '*' and '?' match
 *	                                          (only profiles in /etc/nodelift/profiles need it)
 *	  "version": {"env": "DOCKER_VERSION", "label": "org.opencontainers.image.version"},
 *	                                          where the image says its version; the first that is set
 *	  "channel": "stable",                    of all its versions, where they do not say it themselves
 *	  "files": [{
 *	    "from": "/usr/local/bin/dockerd",     in the image; '*' and '?' match, but not '/'
 *	    "to": "dockerd",                      see below; without it the name of "from"
 *	    "unit": "docker.service",             it is the program that this unit starts
 *	    "required": true,                     the image must have it (default false)
 *	    "version": true                       `FILE --version` must say the target version
 *	  }],
 *	  "units": ["containerd.service", "docker.service"],  restarted, in their start order;
 *	                                          those that the node does not have are left out
 *	  "health": {"timeout_seconds": 120, "soak_seconds": 10}
 *	}
 *
 * "to" is an absolute path, a directory ("/opt/cni/bin/"), or a name that is looked up on the node:
 * the program of its unit, else where the engine would find it, else beside the program of the
 * last unit.
 */
#ifndef UPGRADE_PROFILE_H
#define UPGRADE_PROFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "codec/json.h"

#define PROFILE_IN_IMAGE "/nodelift/profile.json"
#define PROFILE_MAX (1024 * 1024) /* bytes of a profile */
#define PROFILE_FILES_MAX 512
#define PROFILE_UNITS_MAX 16

struct profile_file {
	const char *from;
	const char *to;   /* never NULL: "" when the name of "from" counts */
	const char *unit; /* or NULL */
	bool required, says_version;
};

struct profile {
	struct json *doc; /* owned; the strings point into it */
	char *origin;     /* "/etc/nodelift/profiles/x.json", "image", "built-in", ... */
	const char *name;
	const struct json *images;
	const char *version_env, *version_label; /* or NULL */
	const char *channel;                     /* or NULL */
	struct profile_file *files;
	int file_count;
	const char **units;
	int unit_count;
	int64_t health_timeout_ms, soak_ms;
};

/* `origin` is for messages; errors have `code`: ERR_USAGE for a file of the operator's,
 * ERR_REJECTED for one in an image. */
int profile_parse(struct err *e, enum err_code code, const char *origin, const char *text,
                  size_t len, struct profile **ret) MUST_USE;
int profile_read(struct err *e, const char *path, struct profile **ret) MUST_USE;
void profile_free(struct profile *p);
void profile_freep(struct profile **p); /* for CLEANUP */

/* Does a file of the image match "from"? Glob characters do not match '/'. */
bool profile_file_matches(const struct profile_file *f, const char *path);
bool profile_wants(const struct profile *p, const char *path);
bool profile_is_for(const struct profile *p, const char *repository); /* "host/path" */

/* The one in `dir` that is for this repository; *ret is NULL when there is none. Files are looked
 * at in the order of their names. */
int profile_find(struct err *e, const char *dir, const char *repository,
                 struct profile **ret) MUST_USE;

/* Built-in ones, in the order in which they are tried; NULL behind the last. */
const char *profile_builtin(int index);

#endif
