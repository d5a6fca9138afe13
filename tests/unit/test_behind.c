// SPDX-License-Identifier: MIT
#include "io/behind.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "crypt/digest.h"
#include "crypt/verify.h"
#include "io/memory.h"
#include "tap.h"

#define BYTES (1024 * 1024 + 7)

static char data[BYTES];

/* Everything in pieces of one length; the digest of what arrived below. */
static bool passes(size_t piece, bool finish)
{
	struct digest want, have = { 0 };
	struct memory_sink below;
	struct sink *s = NULL;
	struct err e;
	bool good;

	memory_sink_init(&below, BYTES, "test");
	good = behind_sink_new(&e, &below.sink, &s) == 0;
	for (size_t at = 0; good && at < BYTES; at += piece)
		good = sink_write(&e, s, data + at, piece < BYTES - at ? piece : BYTES - at) == 0;
	if (finish)
		good = good && sink_finish(&e, s) == 0;
	behind_sink_free(s);
	digest_of(data, BYTES, &want);
	if (below.data.len)
		digest_of(below.data.s, below.data.len, &have);
	sink_close(&below.sink);
	return good && digest_equal(&want, &have);
}

int main(void)
{
	struct memory_sink below;
	struct sink *s = NULL;
	struct err e = { 0 };
	int failed = 0;

	for (size_t i = 0; i < BYTES; i++)
		data[i] = (char)(i * 2654435761U >> 13);
	ok(passes(1, true), "byte by byte");
	ok(passes(16384, true), "in records");
	ok(passes(BEHIND_BUFFER, true), "in buffers");
	ok(passes(BYTES, true), "at once");
	ok(passes(1000, false), "closed without finish: all of it went down");
	memory_sink_init(&below, 100000, "test");
	if (behind_sink_new(&e, &below.sink, &s) < 0)
		return 1;
	for (int i = 0; i < 64 && failed == 0; i++)
		failed = sink_write(&e, s, data, 65536);
	if (failed == 0)
		failed = sink_finish(&e, s);
	ok(failed < 0 && e.code == ERR_REJECTED, "an error below comes up");
	ok(sink_finish(&e, s) < 0, "... and stays");
	behind_sink_free(s);
	sink_close(&below.sink);
	return done_testing();
}
