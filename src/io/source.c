/* SPDX-License-Identifier: MIT */
#include "io/source.h"

#include <stdlib.h>

#include "base/mem.h"

ssize_t source_read(struct err *e, struct source *s, void *buf, size_t len)
{
	ssize_t n;

	if (s->failed) {
		*e = *s->failed;
		return -1;
	}
	n = s->ops->read(e, s, buf, len);
	if (n < 0) {
		s->failed = mem_alloc(sizeof(*s->failed));
		*s->failed = *e;
	}
	return n;
}

void source_close(struct source *s)
{
	free(s->failed);
	s->failed = NULL;
	if (s->ops && s->ops->close)
		s->ops->close(s);
	s->ops = NULL;
}
