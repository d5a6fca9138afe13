/* SPDX-License-Identifier: MIT */
#include "upgrade/self.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/mem.h"
#include "os/file.h"

static int write_program(struct err *e, int from, const char *path)
{
	CLEANUP(mem_freep) char *temp = mem_printf("%s.new", path);
	int to, failed;

	if (file_remove(e, temp) < 0 || file_create(e, temp, 0700, &to) < 0)
		return -1;
	failed = file_copy(e, from, to, temp) < 0 || file_sync(e, to, temp) < 0;
	if (close(to) < 0 && !failed)
		return err_sys(e, "cannot write '%s'", temp);
	if (failed || file_rename(e, temp, path) < 0)
		return -1;
	return file_sync_parent(e, path);
}

int self_install(struct err *e, const char *path)
{
	CLEANUP(mem_closep) int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	CLEANUP(mem_freep) char *dir = file_parent(path);
	CLEANUP(mem_closep) int lock = -1;

	if (self < 0)
		return err_sys(e, "cannot open '/proc/self/exe'");
	if (file_mkdirs(e, dir, 0700) < 0)
		return -1;
	/* Two commands that begin at once have the same name for what is not complete. */
	lock = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (lock < 0 || flock(lock, LOCK_EX) < 0)
		return err_sys(e, "cannot lock '%s'", dir);
	return write_program(e, self, path);
}
