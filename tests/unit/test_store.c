// SPDX-License-Identifier: MIT
#include "oci/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "os/file.h"
#include "tap.h"

static char dir[] = "/tmp/nodelift-store.XXXXXX";
static struct store *s;
static struct err e;

static struct digest of(const char *text)
{
	struct digest d;

	digest_of(text, strlen(text), &d);
	return d;
}

/* What the store has under d, or NULL. The caller frees. */
static char *content(const struct digest *d)
{
	CLEANUP(mem_freep) char *path = store_path(s, d);
	struct str text = { 0 };
	struct err ignored;

	return file_read(&ignored, path, 1000, &text) < 0 ? NULL : str_steal(&text);
}

static void is_content(const struct digest *d, const char *want, const char *name)
{
	CLEANUP(mem_freep) char *have = content(d);

	is_str(have, want, "%s", name);
}

static int entries(const char *subdir)
{
	CLEANUP(mem_freep) char *command = mem_printf("exit $(ls %s/%s | wc -l)", dir, subdir);

	return WEXITSTATUS(system(command));
}

static int push(struct store_writer *w, const char *text)
{
	return sink_write(&e, store_writer_sink(w), text, strlen(text));
}

static struct store_writer *writer(const struct digest *d, int64_t size, int64_t want_offset)
{
	struct store_writer *w = NULL;
	int64_t offset = -1;

	is_int(store_writer_open(&e, s, d, size, &w, &offset), 0, "a writer");
	is_int(offset, want_offset, "... begins at %d", (int)want_offset);
	return w;
}

static void test_put(void)
{
	struct digest hello = of("hello"), other = of("other");
	CLEANUP(mem_freep) char *path = store_path(s, &hello);
	struct stat st;
	int fd;

	ok(!store_has(s, &hello, -1), "not there");
	ok(store_read(&e, s, &hello, &fd) < 0 && e.sys == ENOENT, "... is ENOENT");
	is_int(store_put(&e, s, &hello, "hello", 5), 0, "put");
	ok(store_has(s, &hello, 5) && store_has(s, &hello, -1) && !store_has(s, &hello, 6),
	   "there");
	is_content(&hello, "hello", "right");
	ok(stat(path, &st) == 0 && (st.st_mode & 0777) == 0400, "read-only");
	ok(store_put(&e, s, &other, "hello", 5) < 0 && e.code == ERR_REJECTED, "another digest");
	ok(!store_has(s, &other, -1) && entries("tmp") == 0, "... leaves nothing");
	ok(chmod(path, 0600) == 0 && truncate(path, 3) == 0, "(damaged)");
	is_int(store_put(&e, s, &hello, "hello", 5), 0, "put again");
	is_content(&hello, "hello", "... heals");
}

static void test_resume(void)
{
	struct digest d = of("first second third");
	struct store_writer *w = writer(&d, 18, 0);

	is_int(push(w, "first "), 0, "a part");
	store_writer_close(w);
	ok(!store_has(s, &d, -1) && entries("partial") == 1, "broken off: partial");
	w = writer(&d, 18, 6);
	is_int(push(w, "second "), 0, "another");
	ok(sink_finish(&e, store_writer_sink(w)) < 0, "too short to finish");
	store_writer_close(w);
	w = writer(&d, 18, 13);
	is_int(store_writer_restart(&e, w), 0, "restart");
	is_int(push(w, "first second third"), 0, "all of it");
	is_int(store_writer_size(w), 18, "size");
	is_int(sink_finish(&e, store_writer_sink(w)), 0, "finish");
	store_writer_close(w);
	is_content(&d, "first second third", "complete");
	is_int(entries("partial"), 0, "nothing partial is left");
}

static void test_wrong(void)
{
	struct digest d = of("right");
	struct store_writer *w = writer(&d, 5, 0);

	is_int(push(w, "wrong"), 0, "wrong content");
	ok(sink_finish(&e, store_writer_sink(w)) < 0 && e.code == ERR_REJECTED, "... is refused");
	store_writer_close(w);
	ok(!store_has(s, &d, -1) && entries("partial") == 0, "... and not kept");
	w = writer(&d, 5, 0);
	ok(push(w, "right!") < 0 && e.code == ERR_REJECTED, "one byte too many");
	ok(push(w, "right") < 0, "the error is sticky");
	store_writer_close(w);
	is_int(entries("partial"), 0, "... and not kept");
	w = writer(&d, 5, 0);
	is_int(push(w, "wro"), 0, "a wrong beginning");
	store_writer_close(w);
	w = writer(&d, 5, 3);
	is_int(push(w, "ht"), 0, "and a right end");
	ok(sink_finish(&e, store_writer_sink(w)) < 0, "is refused");
	store_writer_close(w);
	w = writer(&d, 5, 0);
	store_writer_close(w);
	w = writer(&d, 2, 0);
	is_int(push(w, "ri"), 0, "(two bytes)");
	store_writer_close(w);
	w = writer(&d, 1, 0);
	store_writer_close(w);
}

static void test_new(void)
{
	struct digest d = of("unknown before");
	struct store_writer *a, *b;

	is_int(store_writer_open_new(&e, s, &a), 0, "a writer for anything");
	is_int(store_writer_open_new(&e, s, &b), 0, "two at once");
	is_int(push(a, "unknown before"), 0, "write");
	is_int(push(b, "unknown before"), 0, "write the same");
	ok(sink_finish(&e, store_writer_sink(a)) == 0 && sink_finish(&e, store_writer_sink(b)) == 0,
	   "finish");
	ok(digest_equal(store_writer_digest(a), &d), "digest");
	is_int(store_writer_size(b), 14, "size");
	store_writer_close(a);
	store_writer_close(b);
	is_content(&d, "unknown before", "there");
	is_int(store_writer_open_new(&e, s, &a), 0, "one that is given up");
	is_int(push(a, "x"), 0, "write");
	store_writer_close(a);
	is_int(entries("tmp"), 0, "tmp is empty");
}

static void test_add(void)
{
	CLEANUP(mem_freep) char *file = mem_printf("%s/file", dir);
	CLEANUP(mem_freep) char *link = mem_printf("%s/link", dir);
	struct digest d = of("of the node"), other = of("?");
	CLEANUP(mem_freep) char *path = store_path(s, &d);
	struct stat a, b;

	is_int(file_replace(&e, file, "of the node", 11, 0755), 0, "a file");
	ok(symlink("file", link) == 0, "a link to it");
	ok(store_add_file(&e, s, file, &other) < 0 && e.code == ERR_PRECHECK,
	   "with another content");
	ok(!store_has(s, &other, -1) && entries("tmp") == 0, "... is not taken in");
	is_int(store_add_file(&e, s, link, &d), 0, "is taken in");
	is_content(&d, "of the node", "right");
	ok(stat(file, &a) == 0 && stat(path, &b) == 0 && a.st_ino == b.st_ino, "by a hard link");
	is_int(store_add_file(&e, s, file, &d), 0, "again");
	is_int(entries("tmp"), 0, "tmp is empty");
	is_int(store_remove(&e, s, &d), 0, "removed");
	is_int(file_replace(&e, "/dev/shm/nodelift-test", "of the node", 11, 0755), 0, "elsewhere");
	is_int(store_add_file(&e, s, "/dev/shm/nodelift-test", &d), 0, "is copied");
	is_content(&d, "of the node", "right");
	ok(unlink("/dev/shm/nodelift-test") == 0, "(removed)");
	ok(store_add_file(&e, s, "/nonexistent", &other) < 0 && e.sys == ENOENT, "no such file");
}

static bool keep(const struct digest *d, void *ctx)
{
	return digest_equal(d, ctx);
}

static void test_prune(void)
{
	struct digest d = of("hello"), part = of("never complete");
	struct store_writer *w = writer(&part, 14, 0);
	int64_t bytes = -1;

	is_int(push(w, "never"), 0, "a part");
	store_writer_close(w);
	is_int(store_prune(&e, s, keep, &d, 3600, &bytes), 0, "prune what is older than an hour");
	is_int(bytes, 0, "nothing is");
	ok(entries("sha256") > 1 && entries("partial") > 0, "all is still there");
	is_int(store_prune(&e, s, keep, &d, 0, &bytes), 0, "prune");
	ok(bytes > 0, "something became free");
	ok(entries("sha256") == 1 && entries("partial") == 0 && entries("tmp") == 0, "one is left");
	is_content(&d, "hello", "the right one");
}

int main(void)
{
	CLEANUP(mem_freep) char *path = NULL;

	if (!mkdtemp(dir))
		return 1;
	path = mem_printf("%s/a/store", dir);
	is_int(store_open(&e, path, &s), 0, "a store below what is not there yet");
	store_close(s);
	is_int(store_open(&e, dir, &s), 0, "a store");
	test_put();
	test_resume();
	test_wrong();
	test_new();
	test_add();
	test_prune();
	ok(store_need_space(&e, s, 1) == 0, "space for a byte");
	ok(store_need_space(&e, s, INT64_MAX) < 0 && e.code == ERR_PRECHECK,
	   "no space for all there is");
	store_close(s);
	is_int(file_remove_tree(&e, dir), 0, "removed");
	return done_testing();
}
