/* SPDX-License-Identifier: MIT */
#include "upgrade/install.h"

#include <unistd.h>

#include "base/mem.h"
#include "os/attr.h"
#include "os/file.h"

static int fill(struct err *e, const struct store *s, const struct digest *d, const char *path,
                const char *like, unsigned mode, int fd)
{
	CLEANUP(mem_closep) int from = -1;

	if (store_read(e, s, d, &from) < 0 || file_copy(e, from, fd, path) < 0)
		return -1;
	if (like ? attr_copy(e, like, fd, path) < 0 : attr_set(e, fd, path, (mode_t)mode) < 0)
		return -1;
	return file_sync(e, fd, path);
}

int install_file(struct err *e, const struct store *s, const struct digest *d, const char *path,
                 const char *like, unsigned mode)
{
	struct digest have;
	int fd, failed;

	if (file_remove(e, path) < 0 || file_create(e, path, 0600, &fd) < 0)
		return -1;
	failed = fill(e, s, d, path, like, mode, fd) < 0;
	/* Closed before anybody runs it, and a failed close is a failed write. */
	if (close(fd) < 0 && !failed)
		return err_sys(e, "cannot write '%s'", path);
	if (failed || digest_of_file(e, path, &have) < 0)
		return -1;
	if (!digest_equal(d, &have))
		return err_set(e, ERR_PRECHECK, "'%s' does not read back what was written", path);
	return file_sync_parent(e, path);
}
