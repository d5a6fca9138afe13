/* SPDX-License-Identifier: MIT */
#include "io/sink.h"

#include <stdlib.h>

#include "base/mem.h"

static int keep(const struct err *e, struct sink *s)
{
	s->failed = mem_alloc(sizeof(*s->failed));
	*s->failed = *e;
	return -1;
}

int sink_write(struct err *e, struct sink *s, const void *buf, size_t len)
{
	if (s->failed) {
		*e = *s->failed;
		return -1;
	}
	if (s->ops->write(e, s, buf, len) < 0)
		return keep(e, s);
	return 0;
}

int sink_finish(struct err *e, struct sink *s)
{
	if (s->failed) {
		*e = *s->failed;
		return -1;
	}
	if (s->ops->finish && s->ops->finish(e, s) < 0)
		return keep(e, s);
	return 0;
}

void sink_close(struct sink *s)
{
	free(s->failed);
	s->failed = NULL;
	if (s->ops && s->ops->close)
		s->ops->close(s);
	s->ops = NULL;
}
