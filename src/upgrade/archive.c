/* SPDX-License-Identifier: MIT */
#include "upgrade/archive.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/fd.h"
#include "os/file.h"

#define MIB (1024.0 * 1024.0)
#define MODE 0600

int archive_check(struct err *e, const char *path)
{
	struct stat st;

	if (strcmp(path, "-") == 0)
		return isatty(STDOUT_FILENO)
		               ? err_set(e, ERR_USAGE, "standard output is a terminal: name a file")
		               : 0;
	if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return err_set(e, ERR_USAGE, "'%s' is there and is not a regular file", path);
	return 0;
}

/* A sink that counts, and stops when the run is told to. */
struct counter {
	struct sink sink;
	struct fd_sink below;
	struct run *run;
	int64_t bytes;
};

static int counter_write(struct err *e, struct sink *sink, const void *buf, size_t len)
{
	struct counter *c = (struct counter *)sink;
	const char *why = run_interrupted(c->run);

	if (why)
		return err_set(e, ERR_RETRY, "%s", why);
	c->bytes += (int64_t)len;
	return sink_write(e, &c->below.sink, buf, len);
}

static const struct sink_ops counter_ops = { .write = counter_write };

static int write_to(struct err *e, struct counter *c, int fd, const char *path,
                    const struct image *i, const struct reference *name,
                    const struct collection *signatures)
{
	int failed;

	fd_sink_init(&c->below, fd, path);
	c->sink.ops = &counter_ops;
	failed = save_archive(e, i, name, signatures, c->run->store, &c->sink);
	sink_close(&c->sink);
	sink_close(&c->below.sink);
	return failed;
}

static int write_file(struct err *e, struct counter *c, const char *path, const struct image *i,
                      const struct reference *name, const struct collection *signatures)
{
	CLEANUP(mem_freep) char *temp = mem_printf("%s.%ld.new", path, (long)getpid());
	CLEANUP(mem_closep) int fd = -1;

	if (file_create(e, temp, MODE, &fd) < 0)
		return -1;
	if (write_to(e, c, fd, temp, i, name, signatures) < 0 || file_sync(e, fd, temp) < 0 ||
	    file_rename(e, temp, path) < 0) {
		unlink(temp);
		return -1;
	}
	return file_sync_parent(e, path);
}

int archive_write(struct err *e, struct run *r, const char *path, const struct image *i,
                  const struct reference *name, const struct collection *signatures,
                  int64_t *ret_bytes)
{
	struct counter c = { .run = r };
	bool out = strcmp(path, "-") == 0;
	int count = 0;

	if (out ? write_to(e, &c, STDOUT_FILENO, "standard output", i, name, signatures) < 0
	        : write_file(e, &c, path, i, name, signatures) < 0)
		return -1;
	for (int n = 0; n < signatures->count; n++)
		count += signatures->items[n].media_type != NULL;
	*ret_bytes = c.bytes;
	event_tell(r->events, EVENT_INFO, "save", NULL,
	           "%s: %.1f MiB, %d manifest%s of signatures with it", path, (double)c.bytes / MIB,
	           count, count == 1 ? "" : "s");
	return 0;
}
