/* SPDX-License-Identifier: MIT */
#include "host/systemd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/str.h"
#include "os/file.h"
#include "os/process.h"

#define CALL_TIMEOUT_MS 30000

bool systemd_is_running(void)
{
	struct stat st;

	/* sd_booted(3) */
	return lstat("/run/systemd/system", &st) == 0 && S_ISDIR(st.st_mode);
}

bool systemd_is_our_init(void)
{
	CLEANUP(str_release) struct str name = { 0 };
	struct stat root, ours;
	struct err e;

	if (!systemd_is_running() || file_read(&e, "/proc/1/comm", UNIT_TEXT_MAX, &name) < 0)
		return false;
	if (!name.s || strcmp(name.s, "systemd\n") != 0)
		return false;
	return stat("/proc/1/root", &root) < 0 ||
	       (stat("/", &ours) == 0 && root.st_dev == ours.st_dev && root.st_ino == ours.st_ino);
}

static int systemctl(struct err *e, const char *const *words, const char *const *names, int count,
                     int64_t timeout_ms, struct str *ret)
{
	CLEANUP(mem_freep) const char **argv = NULL;
	struct process p = { .timeout_ms = timeout_ms };
	int n = 0, fixed = 0;

	while (words[fixed])
		fixed++;
	argv = mem_alloc(sizeof(*argv) * (size_t)(fixed + count + 3));
	argv[n++] = "systemctl";
	for (int i = 0; i < fixed; i++)
		argv[n++] = words[i];
	argv[n++] = "--";
	for (int i = 0; i < count; i++)
		argv[n++] = names[i];
	p.argv = argv;
	return process_run(e, &p, ret);
}

/* ExecStart={ path=/usr/sbin/dockerd ; argv[]=... } */
static void take_exec(struct unit *u, const char *value)
{
	const char *path = strstr(value, "path=");
	size_t len;

	if (!path || u->exec[0])
		return;
	path += strlen("path=");
	len = strcspn(path, " ;");
	if (len < sizeof(u->exec))
		memcpy(u->exec, path, len);
}

static void take(struct unit *u, const char *key, const char *value)
{
	if (strcmp(key, "LoadState") == 0)
		u->loaded = strcmp(value, "loaded") == 0;
	else if (strcmp(key, "ActiveState") == 0)
		snprintf(u->active, sizeof(u->active), "%s", value);
	else if (strcmp(key, "SubState") == 0)
		snprintf(u->sub, sizeof(u->sub), "%s", value);
	else if (strcmp(key, "MainPID") == 0)
		u->main_pid = (pid_t)strtol(value, NULL, 10);
	else if (strcmp(key, "NRestarts") == 0)
		u->restarts = (int)strtol(value, NULL, 10);
	else if (strcmp(key, "ExecStart") == 0)
		take_exec(u, value);
}

/* One block of KEY=VALUE lines for each unit, an empty line between two. */
static int read_blocks(char *text, int count, struct unit *ret)
{
	bool in_block = false;
	int unit = 0;
	char *line;

	while ((line = strsep(&text, "\n")) && unit < count) {
		char *equals = strchr(line, '=');

		if (!*line) {
			unit += in_block;
			in_block = false;
		} else if (equals) {
			*equals = '\0';
			take(&ret[unit], line, equals + 1);
			in_block = true;
		}
	}
	return unit + in_block;
}

int systemd_query(struct err *e, const char *const *names, int count, struct unit *ret)
{
	static const char *const words[] = {
		"show", "-p", "LoadState,ActiveState,SubState,MainPID,NRestarts,ExecStart", NULL
	};
	CLEANUP(str_release) struct str out = { 0 };

	memset(ret, 0, sizeof(*ret) * (size_t)count);
	for (int i = 0; i < count; i++)
		snprintf(ret[i].name, sizeof(ret[i].name), "%s", names[i]);
	if (!count)
		return 0;
	if (systemctl(e, words, names, count, CALL_TIMEOUT_MS, &out) < 0)
		return -1;
	if (!out.s || read_blocks(out.s, count, ret) != count)
		return err_set(e, ERR_PRECHECK,
		               "systemctl did not show every unit that was asked for");
	return 0;
}

int systemd_reset_failed(struct err *e, const char *const *names, int count)
{
	static const char *const words[] = { "reset-failed", NULL };

	return systemctl(e, words, names, count, CALL_TIMEOUT_MS, NULL);
}

int systemd_restart(struct err *e, const char *const *names, int count)
{
	static const char *const words[] = { "--no-block", "restart", NULL };

	return systemctl(e, words, names, count, CALL_TIMEOUT_MS, NULL);
}

int systemd_stop(struct err *e, const char *const *names, int count, int64_t timeout_ms)
{
	static const char *const words[] = { "stop", NULL };

	return systemctl(e, words, names, count, timeout_ms, NULL);
}

int systemd_kill(struct err *e, const char *const *names, int count)
{
	static const char *const words[] = { "kill", "--kill-who=main", "--signal=SIGKILL", NULL };

	return systemctl(e, words, names, count, CALL_TIMEOUT_MS, NULL);
}
