/* SPDX-License-Identifier: MIT */
#include "io/memory.h"

static int memory_write(struct err *e, struct sink *sink, const void *buf, size_t len)
{
	struct memory_sink *s = (struct memory_sink *)sink;

	if (len > s->limit - s->data.len)
		return err_set(e, ERR_REJECTED, "%s is larger than %zu bytes", s->name, s->limit);
	str_add(&s->data, buf, len);
	return 0;
}

static void memory_close(struct sink *sink)
{
	str_release(&((struct memory_sink *)sink)->data);
}

static const struct sink_ops ops = { .write = memory_write, .close = memory_close };

void memory_sink_init(struct memory_sink *s, size_t limit, const char *name)
{
	*s = (struct memory_sink){ .sink = { .ops = &ops }, .limit = limit, .name = name };
}
