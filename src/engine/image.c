/* SPDX-License-Identifier: MIT */
#include "engine/image.h"

#include "base/mem.h"
#include "engine/call.h"

int image_inspect(struct err *e, struct engine *g, const char *id, struct json **ret)
{
	CLEANUP(mem_freep) char *path = mem_printf("/images/%s/json", id);

	return engine_inspect(e, g, path, ret);
}

static int begin(struct err *e, const struct http_response *r, void *ctx, struct sink **ret_to)
{
	(void)e;
	if (r->status == 200)
		*ret_to = ctx;
	return 0;
}

int image_export(struct err *e, struct engine *g, const char *id, struct sink *to)
{
	CLEANUP(mem_freep) char *path = mem_printf("/images/%s/get", id);
	/* older engines write the whole archive to their own disk before they send the first byte */
	struct engine_call c = { .path = path, .timeout_ms = -1, .begin = begin, .ctx = to };
	struct http_response r = { 0 };
	int failed = engine_call(e, g, &c, &r);

	if (!failed && r.status != 200)
		failed = engine_refusal(e, g, &c, &r);
	http_response_release(&r);
	return failed;
}
