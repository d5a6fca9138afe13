// SPDX-License-Identifier: MIT
#ifndef TESTS_UNIT_TAP_H
#define TESTS_UNIT_TAP_H

/*
 * TAP, the Test Anything Protocol (version 12), for a test that is one program:
 *
 *	int main(void)
 *	{
 *		is_int(1 + 1, 2, "one and one");
 *		return done_testing();
 *	}
 *
 * Every assertion returns whether it held, so that a test can skip what depends on it. It must
 * not be used from two threads.
 */

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define TAP_UNUSED __attribute__((unused))

static int tap_count;
static int tap_failed;

TAP_UNUSED static bool tap_report(bool held, const char *file, int line, const char *fmt,
                                  va_list ap)
{
	printf("%s %d - ", held ? "ok" : "not ok", ++tap_count);
	vprintf(fmt, ap);
	putchar('\n');
	if (!held) {
		tap_failed++;
		printf("# failed at %s:%d\n", file, line);
	}
	fflush(stdout);
	return held;
}

__attribute__((format(printf, 4, 5))) TAP_UNUSED static bool tap_ok(bool held, const char *file,
                                                                    int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tap_report(held, file, line, fmt, ap);
	va_end(ap);
	return held;
}

__attribute__((format(printf, 5, 6))) TAP_UNUSED static bool tap_is_int(int64_t got,
                                                                        int64_t expected,
                                                                        const char *file, int line,
                                                                        const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tap_report(got == expected, file, line, fmt, ap);
	va_end(ap);
	if (got != expected)
		printf("# got %" PRId64 ", expected %" PRId64 "\n", got, expected);
	return got == expected;
}

__attribute__((format(printf, 5, 6))) TAP_UNUSED static bool tap_is_str(const char *got,
                                                                        const char *expected,
                                                                        const char *file, int line,
                                                                        const char *fmt, ...)
{
	bool same = got && expected ? strcmp(got, expected) == 0 : got == expected;
	va_list ap;

	va_start(ap, fmt);
	tap_report(same, file, line, fmt, ap);
	va_end(ap);
	if (!same)
		printf("# got '%s', expected '%s'\n", got ? got : "(null)",
		       expected ? expected : "(null)");
	return same;
}

/* The condition holds: ok(cond, "name %d", i) */
#define ok(cond, ...) tap_ok(cond, __FILE__, __LINE__, __VA_ARGS__)

/* Two integers are equal: is_int(got, expected, "name") */
#define is_int(got, expected, ...) tap_is_int(got, expected, __FILE__, __LINE__, __VA_ARGS__)

/* Two strings are equal; NULL equals only NULL: is_str(got, expected, "name") */
#define is_str(got, expected, ...) tap_is_str(got, expected, __FILE__, __LINE__, __VA_ARGS__)

/* A line for the reader of a failure: note("fmt", ...) */
#define note(...) (printf("# "), printf(__VA_ARGS__), putchar('\n'))

/* The plan: the last call of main(), whose status it is. */
TAP_UNUSED static int done_testing(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed ? 1 : 0;
}

#endif
