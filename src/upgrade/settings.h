/* SPDX-License-Identifier: MIT */
/*
 * settings: what can be chosen for a run: built-in values, over them /etc/nodelift/config.json,
 * over them the command line.
 *
 * config.json, every key optional, an unknown one is an error:
 *	"ca_file"                 string   extra roots for registries, PEM
 *	"docker_config"           string   credentials, as docker login leaves them
 *	"engine_socket"           string   path
 *	"health_timeout_seconds"  number   0 to 86400: how long the new engine may take
 *	"signature_formats"       array    of "classic", "bundle": which signatures count (both) where
 *	                                   policy.json does not say
 *	"soak_seconds"            number   0 to 86400: how long it must then stay healthy
 */
#ifndef UPGRADE_SETTINGS_H
#define UPGRADE_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define SETTINGS_SECONDS_MAX 86400

struct settings {
	const char *state_dir;      /* upgrade/state.h */
	const char *config_dir;     /* config.json, policy.json, keys/, profiles/ */
	const char *socket;         /* the engine's; NULL: the usual places */
	const char *profile_file;   /* NULL: choose */
	const char *ca_file;        /* NULL: none */
	const char *docker_config;  /* NULL: the usual places */
	unsigned signature_formats; /* of enum signature_format */
	bool plain_http;            /* for registries on loopback */
	bool allow_downgrade;       /* upgrade/advance.h */
	bool allow_channel_change;
	int64_t health_timeout_ms; /* -1: the profile's */
	int64_t soak_ms;           /* -1: the profile's */
	/* Containers that only watch this run, NULL-terminated: they may end at any time. May be NULL. */
	const char *const *followers;
	void *owned; /* the parsed config.json that strings above point into */
};

void settings_init(struct settings *s);
/* Reads config_dir/config.json when there is one. ERR_USAGE names file and key. */
int settings_read(struct err *e, struct settings *s) MUST_USE;
void settings_release(struct settings *s);

#endif
