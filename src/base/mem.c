/* SPDX-License-Identifier: MIT */
#include "base/mem.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *or_die(void *p)
{
	static const char text[] = "nodelift: out of memory\n";

	if (p)
		return p;
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(err_table[ERR_BUG].status);
	_exit(err_table[ERR_BUG].status);
}

void *mem_alloc(size_t size)
{
	return or_die(calloc(1, size ? size : 1));
}

void *mem_grow(void *p, size_t count, size_t size)
{
	return or_die(reallocarray(p, count ? count : 1, size));
}

char *mem_dup(const char *s)
{
	return or_die(strdup(s));
}

char *mem_ndup(const char *s, size_t n)
{
	return or_die(strndup(s, n));
}

char *mem_vprintf(const char *fmt, va_list ap)
{
	char *s;

	if (vasprintf(&s, fmt, ap) < 0)
		s = NULL;
	return or_die(s);
}

char *mem_printf(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = mem_vprintf(fmt, ap);
	va_end(ap);
	return s;
}

void mem_freep(void *p)
{
	free(*(void **)p);
}

void mem_closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

int mem_steal_fd(int *fd)
{
	int stolen = *fd;

	*fd = -1;
	return stolen;
}
