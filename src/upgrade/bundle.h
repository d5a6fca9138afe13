/* SPDX-License-Identifier: MIT */
/*
 * bundle: what a command that was given to a container takes along to the host, where the files of the
 * container are not. A JSON object:
 *
 *	{"files": {"ca_file": TEXT, "docker_config": TEXT, "profile_file": TEXT, "roots": TEXT},
 *	 "environment": {"HTTPS_PROXY": TEXT, ...},
 *	 "followers": [ID, ...]}
 *
 * It travels in memory only: it holds credentials.
 */
#ifndef UPGRADE_BUNDLE_H
#define UPGRADE_BUNDLE_H

#include <sys/types.h>

#include "codec/json.h"
#include "upgrade/settings.h"

/* What the settings name, and what is in the usual places, as process `pid` sees it. 0: this one.
 * `followers` are the containers that only watch. */
int bundle_collect(struct err *e, const struct settings *s, pid_t pid, const struct json *followers,
                   struct json **ret) MUST_USE;

/* Settings and environment become what the bundle says. Strings are the bundle's: it must stay. */
int bundle_apply(struct err *e, const struct json *bundle, struct settings *s) MUST_USE;
/* The bundle that was written to our stdin. */
int bundle_read(struct err *e, struct json **ret) MUST_USE;

#endif
