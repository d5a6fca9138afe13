// SPDX-License-Identifier: MIT
#include "base/mem.h"
#include "bytes.h"
#include "codec/tar.h"
#include "tap.h"

/*
 * Reads an archive to its end and describes it: "f usr/bin/a 755 5 hello|h b->usr/bin/a|...".
 * 0 at a good end. With `skip` no content is read.
 */
static int list(struct err *e, const struct str *archive, size_t chunk, bool skip, struct str *ret)
{
	static const char letters[] = { 'f', 'h', 'l', 'd', 's' };
	CLEANUP(tar_closep) struct tar *t = NULL;
	struct bytes_source from;
	const struct tar_entry *entry;

	ret->len = 0;
	str_add(ret, "", 0);
	bytes_source_init(&from, archive->s, archive->len, chunk);
	if (tar_open(e, &from.source, "layer", &t) < 0)
		return -1;
	for (;;) {
		char buf[300];
		ssize_t n;

		if (tar_next(e, t, &entry) < 0)
			return -1;
		if (!entry)
			return from.left ? -2 : 0;
		str_addf(ret, "%s%c %s", ret->len ? "|" : "", letters[entry->type], entry->path);
		if (entry->link)
			str_addf(ret, "->%s", entry->link);
		if (entry->type != TAR_FILE)
			continue;
		str_addf(ret, " %o %lld ", entry->mode, (long long)entry->size);
		while (!skip && (n = source_read(e, tar_data(t), buf, sizeof(buf))) != 0) {
			if (n < 0)
				return -1;
			for (ssize_t i = 0; i < n && ret->len < 4000; i++)
				str_addf(ret, buf[i] ? "%c" : ".", buf[i]);
		}
	}
}

static void is_list(const struct str *archive, const char *expected, const char *name)
{
	static const size_t chunks[] = { 1, 513, 1 << 20 };
	struct str got = { .s = NULL };
	struct err e = { .code = ERR_NONE };

	for (size_t i = 0; i < 3; i++) {
		if (!is_int(list(&e, archive, chunks[i], false, &got), 0,
		            "%s: read, %zu bytes at once", name, chunks[i]))
			note("%s", e.msg);
		is_str(got.s, expected, "%s: entries", name);
	}
	is_int(list(&e, archive, 4096, true, &got), 0, "%s: skipped through", name);
	str_release(&got);
}

static void is_rejected(const struct str *archive, const char *message, const char *name)
{
	struct str got = { .s = NULL };
	struct err e = { .code = ERR_NONE };

	is_int(list(&e, archive, 4096, false, &got), -1, "%s: an error", name);
	ok(e.code == ERR_REJECTED && strstr(e.msg, message), "%s: %s", name, e.msg);
	is_int(list(&e, archive, 4096, true, &got), -1, "%s: an error without reading content",
	       name);
	str_release(&got);
}

static void test_entries(void)
{
	struct str s = { .s = NULL };
	char name[302];

	is_list(&s, "", "an empty stream");
	tar_end(&s);
	is_list(&s, "", "an archive without entries");

	s.len = 0;
	tar_node(&s, '5', "usr/", NULL);
	tar_file(&s, "./usr/bin/a", "hello");
	tar_node(&s, '1', "usr/bin/b", "./usr/bin/a");
	tar_node(&s, '2', "usr/bin/c", "/etc/passwd");
	tar_node(&s, '3', "dev/null", NULL);
	tar_node(&s, '4', "dev/sda", NULL);
	tar_node(&s, '6', "fifo", NULL);
	tar_header(&s, '0', "suid", NULL, 0, 06711);
	is_list(&s,
	        "d usr/|f ./usr/bin/a 755 5 hello|h usr/bin/b->./usr/bin/a|l "
	        "usr/bin/c->/etc/passwd|"
	        "s dev/null|s dev/sda|s fifo|f suid 6711 0 ",
	        "all types, without an end mark");
	tar_end(&s);
	tar_end(&s);
	is_list(&s,
	        "d usr/|f ./usr/bin/a 755 5 hello|h usr/bin/b->./usr/bin/a|l "
	        "usr/bin/c->/etc/passwd|"
	        "s dev/null|s dev/sda|s fifo|f suid 6711 0 ",
	        "all types");

	s.len = 0;
	tar_pax(&s, 'x', "path", "usr/lib/F\xc5\x91tan\xc3\xbas", 17);
	tar_file(&s, "short", "x");
	tar_file(&s, "raw-\xff\xfe", "x");
	tar_end(&s);
	is_list(&s, "f usr/lib/F\xc5\x91tan\xc3\xbas 755 1 x|f raw-\xff\xfe 755 1 x",
	        "names beyond ASCII");

	s.len = 0;
	memset(name, 'n', 300);
	name[300] = '\0';
	tar_header(&s, 'L', "././@LongLink", NULL, 301, 0);
	tar_body(&s, name, 301);
	tar_file(&s, "nnn", "x");
	tar_pax(&s, 'x', "path", name, 300);
	tar_file(&s, "nnn", "y");
	tar_end(&s);
	{
		CLEANUP(mem_freep)
		char *expected = mem_printf("f %s 755 1 x|f %s 755 1 y", name, name);

		is_list(&s, expected, "long names of GNU and pax");
	}
	str_release(&s);
}

static void test_pax(void)
{
	struct str s = { .s = NULL }, inner = { .s = NULL };

	/* CVE-2025-62518: a reader that ignores the pax size sees the inner archive's entries. */
	tar_file(&inner, "evil", "evil");
	tar_pax(&s, 'x', "size", "1024", 4);
	tar_header(&s, '0', "outer", NULL, 0, 0755);
	str_add(&s, inner.s, inner.len);
	tar_file(&s, "next", "x");
	tar_end(&s);
	{
		struct str got = { .s = NULL };
		struct err e;

		is_int(list(&e, &s, 4096, true, &got), 0, "a pax size over a ustar size of 0");
		is_str(got.s, "f outer 755 1024 |f next 755 1 ", "the pax size counts");
		str_release(&got);
	}

	s.len = 0;
	tar_pax(&s, 'x', "path", "usr/bin/real", 12);
	tar_file(&s, "usr/bin/fake", "x");
	tar_file(&s, "usr/bin/other", "y");
	tar_pax(&s, 'g', "comment", "abc", 3);
	tar_file(&s, "last", "z");
	tar_end(&s);
	is_list(&s, "f usr/bin/real 755 1 x|f usr/bin/other 755 1 y|f last 755 1 z",
	        "a pax path is for one entry");

	s.len = 0;
	tar_pax(&s, 'x', "path", "usr/\xff", 5);
	tar_file(&s, "a", "x");
	tar_end(&s);
	is_rejected(&s, "UTF-8", "a pax path that is no UTF-8");

	s.len = 0;
	tar_pax(&s, 'x', "size", "512", 3);
	tar_node(&s, '5', "dir/", NULL);
	tar_body(&s, inner.s, 512);
	tar_end(&s);
	is_rejected(&s, "has content", "a directory with content by pax");
	s.len = 0;
	tar_pax(&s, 'x', "size", "512", 3);
	tar_node(&s, '2', "link", "x");
	tar_body(&s, inner.s, 512);
	tar_end(&s);
	is_rejected(&s, "has content", "a symbolic link with content by pax");
	s.len = 0;
	tar_pax(&s, 'x', "comment", "x", 1);
	tar_header(&s, '1', "link", "x", 512, 0755);
	tar_body(&s, inner.s, 512);
	tar_end(&s);
	is_rejected(&s, "has content", "a hard link with content");
	s.len = 0;
	tar_pax(&s, 'x', "linkpath", "/etc/passwd", 11);
	tar_file(&s, "file", "content");
	tar_end(&s);
	is_list(&s, "f file 755 7 content", "a file with a pax linkpath");
	s.len = 0;
	tar_header(&s, 'x', "PaxHeaders", NULL, 12, 0644);
	tar_body(&s, "99 path=abc\n", 12);
	tar_file(&s, "file", "content");
	tar_end(&s);
	is_rejected(&s, "pax", "a pax record longer than its header");
	s.len = 0;
	tar_pax(&s, 'x', "size", "99999999999999999999", 20);
	tar_file(&s, "file", "content");
	tar_end(&s);
	is_rejected(&s, "", "a pax size over 2^63");
	s.len = 0;
	tar_pax(&s, 'x', "size", "-1", 2);
	tar_file(&s, "file", "content");
	tar_end(&s);
	is_rejected(&s, "", "a negative pax size");
	s.len = 0;
	tar_header(&s, 'x', "PaxHeaders", NULL, 512LL * 1024 * 1024, 0644);
	is_rejected(&s, "too large", "a pax header of 512 MiB");
	s.len = 0;
	for (int i = 0; i < 100; i++)
		tar_pax(&s, 'x', "comment", "x", 1);
	tar_file(&s, "file", "content");
	is_rejected(&s, "", "a hundred pax headers in a row");
	str_release(&s);
	str_release(&inner);
}

static void test_sparse(void)
{
	struct str s = { .s = NULL };
	char map[512] = "2\n2\n3\n10\n0\n";

	/* GNU sparse 1.0: 10 bytes, "abc" at 2 */
	tar_pax(&s, 'x', "GNU.sparse.minor", "0", 1);
	s.len = 0;
	{
		const char records[] = "22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n"
				       "26 GNU.sparse.name=sparse\n26 GNU.sparse.realsize=10\n";

		tar_header(&s, 'x', "PaxHeaders", NULL, (long long)strlen(records), 0644);
		tar_body(&s, records, strlen(records));
	}
	tar_header(&s, '0', "GNUSparseFile.0/sparse", NULL, 515, 0755);
	str_add(&s, map, sizeof(map));
	tar_body(&s, "abc", 3);
	tar_file(&s, "next", "x");
	tar_end(&s);
	is_list(&s, "f sparse 755 10 ..abc.....|f next 755 1 x", "a sparse file");
	str_release(&s);
}

static void test_hostile(void)
{
	struct str s = { .s = NULL }, got = { .s = NULL };
	struct err e;
	int cuts = 0, silent = 0, flips = 0, good = 0;

	tar_file(&s, "a", "aaaa");
	tar_pax(&s, 'x', "path", "some/where", 10);
	tar_file(&s, "b", "bbbb");
	tar_node(&s, '1', "c", "a");
	for (size_t len = 1; len < s.len; len++, cuts++) {
		struct str part = { .s = s.s, .len = len };

		/* between two entries is an end as good as one with a mark, as for every engine */
		if (list(&e, &part, 4096, true, &got) == 0 && len != 1024 && len != 3072 &&
		    len != 1536)
			silent++;
	}
	is_int(silent, 0, "%d truncations, none in an entry silent", cuts);
	for (size_t bit = 0; bit < 8 * s.len; bit++, flips++) {
		s.s[bit / 8] ^= (char)(1 << bit % 8);
		good += list(&e, &s, 4096, false, &got) == 0;
		s.s[bit / 8] ^= (char)(1 << bit % 8);
	}
	ok(good < flips, "%d flipped bits survived, %d of them in contents and padding", flips,
	   good);

	tar_end(&s);
	str_add(&s, "x", 1);
	is_rejected(&s, "behind its end", "a byte behind the end");
	s.len--;
	tar_file(&s, "hidden", "x");
	is_rejected(&s, "behind its end", "a second archive behind the end");
	s.len = 0;
	tar_file(&s, "a", "x");
	tar_end(&s);
	s.len -= 512;
	tar_file(&s, "hidden", "x");
	is_rejected(&s, "behind its end", "an entry behind a single block of zeros");

	s.len = 0;
	tar_header(&s, '0', "huge", NULL, 077777777777LL, 0755);
	tar_end(&s);
	is_rejected(&s, "", "a size of 8 GiB without the content");
	s.len = 0;
	tar_header(&s, '0', "huge", NULL, 0, 0755);
	memset(s.s + 124, 0xff, 12); /* base 256: -1 */
	tar_checksum(s.s);
	is_rejected(&s, "", "a size of -1");
	memset(s.s + 124, 0x7f, 12);
	s.s[124] = (char)0x80;
	tar_checksum(s.s);
	is_rejected(&s, "", "a size over 2^63");
	s.len = 0;
	tar_header(&s, '0', "", NULL, 0, 0755);
	tar_end(&s);
	is_rejected(&s, "no name", "an entry without a name");
	s.len = 0;
	tar_node(&s, '1', "link", NULL);
	tar_end(&s);
	is_rejected(&s, "", "a hard link to nothing");
	s.len = 0;
	str_addf(&s, "%600s", "no tar at all");
	is_rejected(&s, "", "text");
	str_release(&s);
	str_release(&got);
}

int main(void)
{
	test_entries();
	test_pax();
	test_sparse();
	test_hostile();
	return done_testing();
}
