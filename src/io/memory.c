/* SPDX-License-Identifier: MIT */
#include "io/memory.h"

#include <string.h>

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

static ssize_t text_read(struct err *e, struct source *source, void *buf, size_t len)
{
	struct text_source *s = (struct text_source *)source;
	size_t n = strnlen(s->rest, len);

	(void)e;
	memcpy(buf, s->rest, n);
	s->rest += n;
	return (ssize_t)n;
}

static const struct source_ops text_ops = { .read = text_read };

void text_source_init(struct text_source *s, const char *text)
{
	*s = (struct text_source){ .source = { .ops = &text_ops }, .rest = text };
}
