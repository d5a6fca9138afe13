/* SPDX-License-Identifier: MIT */
#include "io/copy.h"

#include "base/mem.h"

int io_copy(struct err *e, struct source *from, struct sink *to)
{
	CLEANUP(mem_freep) char *buf = mem_alloc(IO_COPY_CHUNK);
	ssize_t n;

	while ((n = source_read(e, from, buf, IO_COPY_CHUNK)) > 0) {
		if (sink_write(e, to, buf, (size_t)n) < 0)
			return -1;
	}
	return n < 0 ? -1 : 0;
}
