/* SPDX-License-Identifier: MIT */
/*
 * mem: allocation that does not fail, and release at the end of a scope.
 *
 * Out of memory ends the process as a kill would. The journal makes a kill safe at any moment,
 * which a rarely run error path at every allocation would not.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stdarg.h>
#include <stddef.h>

#include "base/err.h"

void *mem_alloc(size_t size); /* zeroed */
void *mem_grow(void *p, size_t count, size_t size);
char *mem_dup(const char *s);
char *mem_ndup(const char *s, size_t n);
char *mem_printf(const char *fmt, ...) PRINTF(1, 2);
char *mem_vprintf(const char *fmt, va_list ap);

/*
 * CLEANUP(mem_freep) char *name = NULL;
 * CLEANUP(mem_closep) int fd = -1;
 */
#define CLEANUP(fn) __attribute__((cleanup(fn)))
void mem_freep(void *p); /* p points to the pointer */
void mem_closep(int *fd);

/* Takes what a cleanup variable owns out of it. */
#define STEAL(p) \
	__extension__({ \
		__typeof__(p) stolen_ = (p); \
		(p) = NULL; \
		stolen_; \
	})
int mem_steal_fd(int *fd);

#endif
