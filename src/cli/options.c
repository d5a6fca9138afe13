/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cli/cli.h"

struct option {
	const char *name;
	const char *value; /* what to call it in help; NULL: a switch */
	unsigned group;
	int (*take)(struct err *e, struct cli *c, const char *name, const char *value);
	const char *help; /* NULL: between processes of ours */
};

static int take_text(const char **field, const char *value)
{
	*field = value;
	return 0;
}

static int take_switch(bool *field)
{
	*field = true;
	return 0;
}

static int take_seconds(struct err *e, const char *name, const char *value, int64_t *ret_ms)
{
	char *end;
	long s = strtol(value, &end, 10);

	if (!*value || *end || s < 0 || s > SETTINGS_SECONDS_MAX)
		return err_set(e, ERR_USAGE,
		               "%s needs a whole number of seconds from 0 to %d, not '%s'", name,
		               SETTINGS_SECONDS_MAX, value);
	*ret_ms = s * 1000;
	return 0;
}

#define TAKE(name) \
	static int name(struct err *e, struct cli *c, const char *option, const char *value)
#define UNUSED ((void)e, (void)option, (void)value)

TAKE(take_json)
{
	UNUSED;
	return take_switch(&c->json);
}

TAKE(take_verbose)
{
	UNUSED;
	return take_switch(&c->verbose);
}

TAKE(take_boot)
{
	UNUSED;
	return take_switch(&c->at_boot);
}

TAKE(take_detach)
{
	UNUSED;
	return take_switch(&c->detach);
}

TAKE(take_follow)
{
	UNUSED;
	return take_switch(&c->follow);
}

TAKE(take_handed_over)
{
	UNUSED;
	c->json = true;
	return take_switch(&c->handed_over);
}

TAKE(take_host_root)
{
	UNUSED;
	return take_text(&c->host_root, value);
}

TAKE(take_client)
{
	UNUSED;
	return take_text(&c->client, value);
}

TAKE(take_plain_http)
{
	UNUSED;
	return take_switch(&c->settings.plain_http);
}

TAKE(take_allow_downgrade)
{
	UNUSED;
	return take_switch(&c->settings.allow_downgrade);
}

TAKE(take_allow_channel_change)
{
	UNUSED;
	return take_switch(&c->settings.allow_channel_change);
}

TAKE(take_state_dir)
{
	UNUSED;
	return take_text(&c->settings.state_dir, value);
}

TAKE(take_config_dir)
{
	UNUSED;
	return take_text(&c->settings.config_dir, value);
}

TAKE(take_socket)
{
	UNUSED;
	return take_text(&c->settings.socket, value);
}

TAKE(take_profile)
{
	UNUSED;
	return take_text(&c->settings.profile_file, value);
}

TAKE(take_ca_file)
{
	UNUSED;
	return take_text(&c->settings.ca_file, value);
}

TAKE(take_docker_config)
{
	UNUSED;
	return take_text(&c->settings.docker_config, value);
}

TAKE(take_as)
{
	UNUSED;
	return take_text(&c->as, value);
}

TAKE(take_soak)
{
	return take_seconds(e, option, value, &c->settings.soak_ms);
}

TAKE(take_health_timeout)
{
	return take_seconds(e, option, value, &c->settings.health_timeout_ms);
}

TAKE(take_timeout)
{
	return take_seconds(e, option, value, &c->timeout_ms);
}

static const struct option options[] = {
	{ "--json", NULL, OPTIONS_ALL, take_json, "events and result as JSON lines on stdout" },
	{ "--verbose", NULL, OPTIONS_ALL, take_verbose, "tell more on stderr" },
	{ "--state-dir", "DIR", OPTIONS_ALL, take_state_dir, "instead of /var/lib/nodelift" },
	{ "--config-dir", "DIR", OPTIONS_ALL, take_config_dir, "instead of /etc/nodelift" },
	{ "--socket", "PATH", OPTIONS_PLACE, take_socket, "the engine's socket" },
	{ "--host-root", "DIR", OPTIONS_PLACE, take_host_root,
	  "in a privileged container: where the host's files are" },
	{ "--client", "PID:ID", OPTIONS_PLACE, take_client, NULL },
	{ "--handed-over", NULL, OPTIONS_PLACE, take_handed_over, NULL },
	{ "--detach", NULL, OPTIONS_RUN, take_detach,
	  "return when the run goes on by itself (status 50)" },
	{ "--profile", "FILE", OPTIONS_PROFILE | OPTIONS_FILE, take_profile,
	  "how the image is installed" },
	{ "--allow-downgrade", NULL, OPTIONS_PROFILE, take_allow_downgrade,
	  "to an older version, if the policy lets you" },
	{ "--allow-channel-change", NULL, OPTIONS_PROFILE, take_allow_channel_change,
	  "from stable to rc, say, if the policy lets you" },
	{ "--ca-file", "FILE", OPTIONS_IMAGE | OPTIONS_FILE, take_ca_file,
	  "further roots for registries, PEM" },
	{ "--docker-config", "FILE", OPTIONS_IMAGE | OPTIONS_FILE, take_docker_config,
	  "credentials, instead of ~/.docker/config.json" },
	{ "--as", "NAME", OPTIONS_IMAGE, take_as,
	  "what the image of a file or engine is called, or which of several" },
	{ "--plain-http", NULL, OPTIONS_IMAGE, take_plain_http, "for a registry on this machine" },
	{ "--health-timeout", "SECONDS", OPTIONS_HEALTH, take_health_timeout,
	  "how long the engine may take to be healthy" },
	{ "--soak", "SECONDS", OPTIONS_HEALTH, take_soak, "how long it must stay healthy" },
	{ "--boot", NULL, OPTIONS_RECOVER, take_boot,
	  "the units have not started yet: leave them" },
	{ "--timeout", "SECONDS", OPTIONS_WAIT, take_timeout, "wait no longer (status 50)" },
	{ "--follow", NULL, OPTIONS_LOGS, take_follow, "until the run has ended" },
	{ 0 },
};

void options_each(unsigned groups, void (*f)(const char *name, const char *value, const char *help))
{
	for (const struct option *o = options; o->name; o++)
		if (o->group & groups && o->help)
			f(o->name, o->value, o->help);
}

/* "--name" or "--name=value"; *ret_value is what stands behind '='. */
static const struct option *find(const char *word, const char **ret_value)
{
	size_t len = strcspn(word, "=");

	*ret_value = word[len] ? word + len + 1 : NULL;
	for (const struct option *o = options; o->name; o++)
		if (strlen(o->name) == len && strncmp(o->name, word, len) == 0)
			return o;
	return NULL;
}

static int take_option(struct err *e, const struct command *cmd, char ***words, struct cli *c)
{
	const char *word = **words, *value;
	const struct option *o = find(word, &value);

	if (!o || !(o->group & cmd->options))
		return err_set(e, ERR_USAGE,
		               "unknown option '%s'; 'nodelift help %s' lists the options", word,
		               cmd->name);
	if (!o->value && value)
		return err_set(e, ERR_USAGE, "option '%s' takes no value", o->name);
	if (o->value && !value) {
		value = *++*words;
		if (!value)
			return err_set(e, ERR_USAGE, "option '%s' needs a value: %s", o->name,
			               o->value);
	}
	return o->take(e, c, o->name, value);
}

static bool is_said_again(const struct option *o, const struct command *cmd, bool on_host)
{
	if (!o || !(o->group & cmd->options) || o->group & OPTIONS_PLACE)
		return false;
	return !on_host || !(o->group & (OPTIONS_FILE | OPTIONS_RUN));
}

const char **options_again(const struct command *cmd, char *const *words, bool on_host)
{
	const char **ret = mem_alloc(sizeof(*ret));
	int n = 0;

	for (; *words && strcmp(*words, "--") != 0; words++) {
		const char *value = NULL;
		const struct option *o = find(*words, &value);
		bool has_next = o && o->value && !value && words[1];

		if (is_said_again(o, cmd, on_host)) {
			ret = mem_grow(ret, (size_t)n + 3, sizeof(*ret));
			ret[n++] = words[0];
			if (has_next)
				ret[n++] = words[1];
			ret[n] = NULL;
		}
		words += has_next;
	}
	return ret;
}

static bool take_word(const struct command *cmd, struct cli *c, const char *word)
{
	if (cmd->argument && !c->argument)
		c->argument = word;
	else if (cmd->argument && strchr(cmd->argument, ' ') && !c->file)
		c->file = word;
	else
		return false;
	return true;
}

int options_parse(struct err *e, const struct command *cmd, char **words, struct cli *c)
{
	bool only_words = false;

	for (; *words; words++) {
		if (!only_words && strcmp(*words, "--") == 0) {
			only_words = true;
		} else if (!only_words && str_starts(*words, "-") && (*words)[1]) {
			if (take_option(e, cmd, &words, c) < 0)
				return -1;
		} else if (!take_word(cmd, c, *words)) {
			return err_set(e, ERR_USAGE, "'%s' is one word too many for 'nodelift %s'",
			               *words, cmd->name);
		}
	}
	return 0;
}
