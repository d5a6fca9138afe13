/* SPDX-License-Identifier: MIT */
#include "host/container.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "os/file.h"

#define HEX "0123456789abcdef"
#define ID_LEN (CONTAINER_ID_MAX - 1)
#define SHORT_ID_LEN 12
#define PROC_FILE_MAX (4 * 1024 * 1024)

static void add(struct container_hints *h, const char *id, size_t len)
{
	for (int i = 0; i < h->count; i++)
		if (strncmp(h->ids[i], id, len) == 0)
			return;
	if (h->count < CONTAINER_HINTS)
		snprintf(h->ids[h->count++], CONTAINER_ID_MAX, "%.*s", (int)len, id);
}

/* The last run of exactly 64 hex digits in a text; NULL: none. */
static const char *find_id(const char *text)
{
	const char *found = NULL;

	while (*text) {
		size_t len = strspn(text, HEX);

		if (len == ID_LEN)
			found = text;
		text += len + (text[len] != '\0');
	}
	return found;
}

static char *read_proc(pid_t pid, const char *name, struct str *ret)
{
	char path[64];
	struct err e;

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	else
		snprintf(path, sizeof(path), "/proc/self/%s", name);
	return file_read(&e, path, PROC_FILE_MAX, ret) < 0 ? NULL : ret->s;
}

/* cgroups(7): "0::/system.slice/docker-ID.scope", "4:memory:/docker/ID" */
static void look_at_cgroup(struct container_hints *h, char *text)
{
	char *line;

	while (text && (line = strsep(&text, "\n"))) {
		const char *id = find_id(line);

		if (id)
			add(h, id, ID_LEN);
	}
}

/* ".../overlay2/LAYER/diff" -> "LAYER/diff" */
static void take_layer(struct container_hints *h, const char *options)
{
	const char *upper = strstr(options, "upperdir=");
	const char *end, *from;
	int slashes = 0;

	if (!upper)
		return;
	upper += strlen("upperdir=");
	end = upper + strcspn(upper, ",");
	for (from = end; from > upper && slashes < 2; from--)
		slashes += from[-1] == '/';
	snprintf(h->layer, sizeof(h->layer), "%.*s", (int)(end - from), from + (slashes == 2));
	h->layer[strcspn(h->layer, ",")] = '\0';
}

/* proc_pid_mountinfo(5): ID PARENT DEVICE ROOT MOUNTPOINT OPTIONS ... - TYPE SOURCE OPTIONS */
static void look_at_mounts(struct container_hints *h, char *text)
{
	char *line;

	while (text && (line = strsep(&text, "\n"))) {
		char root[4096], at[4096];
		const char *id;

		if (sscanf(line, "%*s %*s %*s %4095s %4095s", root, at) != 2)
			continue;
		if (strcmp(at, "/") == 0 && strstr(line, " - overlay "))
			take_layer(h, line);
		if (strcmp(at, "/etc/hostname") != 0 && strcmp(at, "/etc/hosts") != 0 &&
		    strcmp(at, "/etc/resolv.conf") != 0)
			continue;
		id = find_id(root);
		if (id)
			add(h, id, ID_LEN);
	}
}

static void look_at_name(struct container_hints *h)
{
	char name[256] = "";

	if (gethostname(name, sizeof(name) - 1) == 0 && strlen(name) == SHORT_ID_LEN &&
	    strspn(name, HEX) == SHORT_ID_LEN)
		add(h, name, SHORT_ID_LEN);
}

void container_hints(pid_t pid, struct container_hints *ret)
{
	CLEANUP(str_release) struct str cgroup = { 0 };
	CLEANUP(str_release) struct str mounts = { 0 };

	*ret = (struct container_hints){ 0 };
	look_at_cgroup(ret, read_proc(pid, "cgroup", &cgroup));
	look_at_mounts(ret, read_proc(pid, "mountinfo", &mounts));
	if (!pid)
		look_at_name(ret);
}
