/* SPDX-License-Identifier: MIT */
/*
 * cli: the commands, as data. One row in `commands` (cli/commands.c) drives dispatch, help and
 * the check of options; one file cli/command_NAME.c carries a command out.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>

#include "base/err.h"
#include "upgrade/settings.h"

/* Which options a command takes. */
enum option_group {
	OPTIONS_ALL = 1,      /* every command */
	OPTIONS_NODE = 2,     /* those that look at the node */
	OPTIONS_IMAGE = 4,    /* those that fetch */
	OPTIONS_PROFILE = 8,  /* those that choose files of an image */
	OPTIONS_HEALTH = 16,  /* those that restart the engine */
	OPTIONS_RECOVER = 32, /* recover */
	OPTIONS_PLACE = 64,   /* those whose place is the host: cli/place.h */
	OPTIONS_RUN = 128,    /* those that are runs (upgrade/state.h) */
	OPTIONS_WAIT = 256,   /* wait */
	OPTIONS_LOGS = 512,   /* logs */
	OPTIONS_FILE =
		1024, /* of an option alone: its value is a path, which may mean nothing elsewhere */
};

struct cli {
	struct settings settings;
	const char *argument; /* IMAGE or COMMAND, NULL when there is none */
	const char *file;     /* FILE, the word behind it, NULL when there is none */
	const char *as;       /* what IMAGE is called, NULL: it says so itself */
	bool json, verbose, at_boot, detach, follow;
	int64_t timeout_ms; /* of wait; -1: none */
	/* Where it is carried out: cli/place.h */
	const char *host_root; /* NULL: here */
	const char *client;    /* "PID:ID" of the container that asked for this one, or NULL */
	bool handed_over;      /* the rest of what there is to know comes on stdin */
	bool told;             /* whoever waits knows how it ended: main() need not say it */
};

struct command {
	const char *name;
	const char *argument; /* "IMAGE", "IMAGE FILE", NULL: takes none */
	bool argument_optional;
	bool argument_carried; /* in a container: the image that it was made from will do */
	unsigned options;      /* of enum option_group */
	const char *summary;   /* one line */
	int (*run)(struct err *e, struct cli *c);
};

extern const struct command commands[]; /* the last has no name */
const struct command *command_find(const char *name);

int command_upgrade(struct err *e, struct cli *c) MUST_USE;
int command_plan(struct err *e, struct cli *c) MUST_USE;
int command_check(struct err *e, struct cli *c) MUST_USE;
int command_fetch(struct err *e, struct cli *c) MUST_USE;
int command_save(struct err *e, struct cli *c) MUST_USE;
int command_status(struct err *e, struct cli *c) MUST_USE;
int command_rollback(struct err *e, struct cli *c) MUST_USE;
int command_recover(struct err *e, struct cli *c) MUST_USE;
int command_wait(struct err *e, struct cli *c) MUST_USE;
int command_logs(struct err *e, struct cli *c) MUST_USE;
int command_version(struct err *e, struct cli *c) MUST_USE;
int command_help(struct err *e, struct cli *c) MUST_USE;

/* Reads the words behind the command's name. ERR_USAGE names the word. */
int options_parse(struct err *e, const struct command *cmd, char **words, struct cli *c) MUST_USE;
/*
 * The options among the words, each with its value, that are to be said again where the command is
 * carried out: not those that say where that is; and on the host not those of a run, nor paths of files
 * here. NULL-terminated; the caller frees the array, not the words.
 */
const char **options_again(const struct command *cmd, char *const *words, bool on_host);
/* Calls back for each option that the command takes. */
void options_each(unsigned groups,
                  void (*f)(const char *name, const char *value, const char *help));

/* Signals: SIGINT and SIGTERM ask the run to stop, SIGHUP and SIGPIPE do nothing. */
void interrupt_install(void);
const char *interrupt_reason(void); /* NULL: none */
int interrupt_signal(void);         /* SIGINT, SIGTERM, 0: none */

#endif
