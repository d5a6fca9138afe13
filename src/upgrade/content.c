/* SPDX-License-Identifier: MIT */
#include "upgrade/content.h"

#include <errno.h>

#include "base/mem.h"

int content_wanted(struct err *e, const struct json *args, const char *key, struct digest *ret)
{
	const char *hex = json_str(args, key);
	CLEANUP(mem_freep) char *text = NULL;

	*ret = (struct digest){ 0 };
	if (!hex)
		return 0;
	text = mem_printf("sha256:%s", hex);
	if (digest_parse(e, text, ret) < 0) {
		e->code = ERR_BUG;
		return -1;
	}
	return 0;
}

int content_found(struct err *e, const char *path, struct digest *ret)
{
	*ret = (struct digest){ 0 };
	if (digest_of_file(e, path, ret) == 0 || e->sys == ENOENT)
		return 0;
	return -1;
}

void content_set(struct json *object, const char *key, const struct digest *d)
{
	char hex[DIGEST_TEXT_MAX];

	if (d->algorithm != DIGEST_NONE)
		json_set_str(object, key, digest_hex(d, hex));
}
