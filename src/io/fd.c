/* SPDX-License-Identifier: MIT */
#include "io/fd.h"

#include <errno.h>
#include <unistd.h>

static ssize_t fd_read(struct err *e, struct source *source, void *buf, size_t len)
{
	struct fd_source *s = (struct fd_source *)source;
	ssize_t n;

	do
		n = read(s->fd, buf, len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(e, "cannot read '%s'", s->name);
	return n;
}

static int fd_write(struct err *e, struct sink *sink, const void *buf, size_t len)
{
	struct fd_sink *s = (struct fd_sink *)sink;
	const char *p = buf;

	while (len) {
		ssize_t n = write(s->fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "cannot write '%s'", s->name);
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static const struct source_ops fd_source_ops = { .read = fd_read };
static const struct sink_ops fd_sink_ops = { .write = fd_write };

void fd_source_init(struct fd_source *s, int fd, const char *name)
{
	*s = (struct fd_source){ .source = { .ops = &fd_source_ops }, .fd = fd, .name = name };
}

void fd_sink_init(struct fd_sink *s, int fd, const char *name)
{
	*s = (struct fd_sink){ .sink = { .ops = &fd_sink_ops }, .fd = fd, .name = name };
}
