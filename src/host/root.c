/* SPDX-License-Identifier: MIT */
#include "host/root.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "os/file.h"

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

bool root_users_are_mapped(void)
{
	CLEANUP(str_release) struct str map = { 0 };
	unsigned long inside, outside, count;
	struct err e;
	char *rest;

	if (file_read(&e, "/proc/self/uid_map", 4096, &map) < 0 || !map.s)
		return false; /* a kernel without user namespaces */
	inside = strtoul(map.s, &rest, 10);
	outside = strtoul(rest, &rest, 10);
	count = strtoul(rest, &rest, 10);
	return inside != 0 || outside != 0 || count < 4294967295UL;
}

static int check(struct err *e, const char *dir)
{
	struct stat given, host, ours;

	if (geteuid() != 0)
		return err_set(e, ERR_PRECHECK, "not root in this container (docker run -u 0)");
	if (root_users_are_mapped())
		return err_set(e, ERR_PRECHECK,
		               "not root on the host: this container's users are mapped to others "
		               "(docker run --userns=host)");
	if (stat(dir, &given) < 0)
		return err_sys(e, "cannot see the host's root directory at '%s'", dir);
	if (stat(ROOT_OF_HOST, &host) < 0 || stat("/", &ours) < 0)
		return err_set(e, ERR_PRECHECK,
		               "may not look at the host's init: this container must be privileged "
		               "(docker run --privileged --pid=host)");
	if (same_file(&host, &ours))
		return err_set(e, ERR_PRECHECK,
		               "process 1 here is not the host's: this container needs the host's "
		               "process namespace (docker run --pid=host)");
	if (!same_file(&given, &host))
		return err_set(e, ERR_PRECHECK,
		               "'%s' is not the root directory of the host (docker run -v /:%s)",
		               dir, dir);
	return 0;
}

static int join(struct err *e, const char *space)
{
	CLEANUP(mem_freep) char *path = mem_printf("/proc/1/ns/%s", space);
	CLEANUP(mem_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || setns(fd, 0) < 0)
		return err_sys(e,
		               "cannot enter the host's %s namespace: this container must be "
		               "privileged",
		               space);
	return 0;
}

int root_enter(struct err *e, const char *dir)
{
	if (check(e, dir) < 0 || join(e, "net") < 0 || join(e, "uts") < 0 || join(e, "mnt") < 0)
		return -1;
	if (chdir("/") < 0)
		return err_sys(e, "cannot change to '/'");
	return 0;
}
