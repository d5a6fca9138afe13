/* SPDX-License-Identifier: MIT */
#include "oci/kept.h"

#include <sys/stat.h>

#include "base/mem.h"
#include "os/file.h"

bool kept_document(const struct store *s, const struct digest *d, struct document *ret)
{
	CLEANUP(mem_freep) char *path = store_path(s, d);
	struct digest have;
	struct err ignored;

	if (d->algorithm != DIGEST_SHA256 || !store_has(s, d, -1) ||
	    digest_of_file(&ignored, path, &have) < 0 || !digest_equal(&have, d))
		return false;
	*ret = (struct document){ .digest = *d };
	return file_read(&ignored, path, IMAGE_MANIFEST_MAX, &ret->text) == 0;
}

int64_t kept_size(const struct store *s, const struct digest *d)
{
	CLEANUP(mem_freep) char *path = store_path(s, d);
	struct stat st;

	return lstat(path, &st) == 0 && S_ISREG(st.st_mode) ? (int64_t)st.st_size : -1;
}
