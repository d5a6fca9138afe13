/* SPDX-License-Identifier: MIT */
#include "os/attr.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/mem.h"

#define XATTR_VALUE_MAX 65536 /* xattr(7): the kernel's own limit */

static int copy_one(struct err *e, const char *path, int to, const char *name, const char *key,
                    char *value)
{
	ssize_t len;

	/* These two vouch for the content of that file, which is not ours. */
	if (strcmp(key, "security.ima") == 0 || strcmp(key, "security.evm") == 0)
		return 0;
	len = lgetxattr(path, key, value, XATTR_VALUE_MAX);
	if (len < 0)
		return errno == ENODATA
		               ? 0
		               : err_sys(e, "cannot read attribute '%s' of '%s'", key, path);
	if (fsetxattr(to, key, value, (size_t)len, 0) < 0 && errno != ENOTSUP)
		return err_sys(e, "cannot set attribute '%s' of '%s'", key, name);
	return 0;
}

static int copy_xattrs(struct err *e, const char *path, int to, const char *name)
{
	ssize_t len = llistxattr(path, NULL, 0);
	CLEANUP(mem_freep) char *keys = NULL;
	CLEANUP(mem_freep) char *value = NULL;

	if (len < 0 && (errno == ENOTSUP || errno == ENOSYS))
		return 0;
	if (len > 0) {
		keys = mem_alloc((size_t)len + 1);
		len = llistxattr(path, keys, (size_t)len);
	}
	if (len < 0)
		return err_sys(e, "cannot read the attributes of '%s'", path);
	value = mem_alloc(XATTR_VALUE_MAX);
	for (ssize_t at = 0; at < len; at += (ssize_t)strlen(keys + at) + 1)
		if (copy_one(e, path, to, name, keys + at, value) < 0)
			return -1;
	return 0;
}

int attr_copy(struct err *e, const char *path, int to, const char *name)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return err_sys(e, "cannot look at '%s'", path);
	/* The mode after the owner (chown takes set-uid away), capabilities after both. */
	if (fchown(to, st.st_uid, st.st_gid) < 0)
		return err_sys(e, "cannot set the owner of '%s'", name);
	if (fchmod(to, st.st_mode & 07777) < 0)
		return err_sys(e, "cannot set the mode of '%s'", name);
	return copy_xattrs(e, path, to, name);
}

int attr_set(struct err *e, int to, const char *name, mode_t mode)
{
	if (fchown(to, 0, 0) < 0)
		return err_sys(e, "cannot set the owner of '%s'", name);
	if (fchmod(to, mode) < 0)
		return err_sys(e, "cannot set the mode of '%s'", name);
	return 0;
}
