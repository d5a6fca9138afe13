// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/mem.h"
#include "bytes.h"
#include "oci/extract.h"
#include "oci/hiding.h"
#include "os/file.h"
#include "tap.h"

#define LAYERS 4

static struct store *store;
static struct str tars[LAYERS]; /* base first; emptied by run() */
static enum layer_compression packing = LAYER_GZIP;
static int cases;

/* What is wanted: patterns with a space between them. */
static bool wanted(const char *path, void *ctx)
{
	CLEANUP(mem_freep) char *patterns = mem_dup(ctx);
	char *rest = patterns, *p;

	while ((p = strsep(&rest, " "))) {
		if (str_match(p, path))
			return true;
	}
	return false;
}

static void pack(const struct str *tar, enum layer_compression how, struct str *ret)
{
	if (how == LAYER_GZIP)
		bytes_gzip(ret, tar->s, tar->len);
	else if (how == LAYER_ZSTD)
		bytes_zstd(ret, tar->s, tar->len);
	else
		str_add(ret, tar->s ? tar->s : "", tar->len);
}

static void put(const struct str *blob, struct layer *l)
{
	struct err e;

	digest_of(blob->s, blob->len, &l->digest);
	l->size = (int64_t)blob->len;
	if (store_put(&e, store, &l->digest, blob->s, blob->len) < 0)
		abort();
}

/* "/usr/bin/a 755 hello|..." of what is in the store */
static void describe(const struct extracted_list *list, struct str *ret)
{
	for (int i = 0; i < list->count; i++) {
		CLEANUP(mem_freep) char *path = store_path(store, &list->items[i].digest);
		CLEANUP(str_release) struct str content = { .s = NULL };
		struct err e;

		if (file_read(&e, path, 1 << 20, &content) < 0)
			str_addf(&content, "(%s)", e.msg);
		str_addf(ret, "%s%s %o %s", i ? "|" : "", list->items[i].path, list->items[i].mode,
		         content.len ? content.s : "");
		if (content.len != (size_t)list->items[i].size)
			str_addf(ret, " (size %lld)", (long long)list->items[i].size);
	}
}

static int extract(struct err *e, struct layer *layers, int count, const char *patterns,
                   struct str *ret)
{
	struct image image = { .layers = layers, .layer_count = count };
	struct extracted_list list;
	int r = extract_files(e, &image, store, wanted, NULL, (void *)(uintptr_t)patterns, &list);

	str_add(ret, "", 0);
	describe(&list, ret);
	extracted_list_release(&list);
	return r;
}

/* Makes an image of tars[] up to the last one that is not empty and empties them. */
static int run(struct err *e, const char *patterns, struct str *ret)
{
	struct layer layers[LAYERS] = { 0 };
	int count = 0;

	cases++;
	for (int i = 0; i < LAYERS; i++) {
		CLEANUP(str_release) struct str blob = { .s = NULL };

		if (!tars[i].len)
			break;
		tar_end(&tars[i]);
		pack(&tars[i], packing, &blob);
		put(&blob, &layers[count]);
		digest_of(tars[i].s, tars[i].len, &layers[count].diff_id);
		count++;
		tars[i].len = 0;
	}
	return extract(e, layers, count, patterns, ret);
}

static void gives(const char *patterns, const char *expected, const char *name)
{
	CLEANUP(str_release) struct str got = { .s = NULL };
	struct err e = { .code = ERR_NONE };
	int r = run(&e, patterns, &got);

	is_str(r < 0 ? e.msg : got.s, expected, "%s", name);
}

static void refuses(const char *patterns, const char *message, const char *name)
{
	CLEANUP(str_release) struct str got = { .s = NULL };
	struct err e = { .code = ERR_NONE };
	int r = run(&e, patterns, &got);

	ok(r < 0 && e.code == ERR_REJECTED && strstr(e.msg, message) && !got.len, "%s: %s", name,
	   r < 0 ? e.msg : got.s);
}

static void file(int layer, const char *path, const char *content)
{
	tar_file(&tars[layer], path, content);
}

static void node(int layer, char type, const char *path, const char *link)
{
	tar_node(&tars[layer], type, path, link);
}

static void test_simple(void)
{
	static const enum layer_compression ways[] = { LAYER_PLAIN, LAYER_ZSTD, LAYER_GZIP };
	static const char *const names[] = { "plain", "zstd", "gzip" };

	for (size_t i = 0; i < 3; i++) {
		packing = ways[i];
		node(0, '5', "./", NULL);
		node(0, '5', "usr/", NULL);
		node(0, '5', "usr/local/bin/", NULL);
		file(0, "usr/local/bin/dockerd", "engine");
		file(0, "./usr//local/./bin/runc", "runtime");
		file(0, "/usr/local/bin/dind", "script");
		file(0, "usr/local/binary", "no");
		gives("/usr/local/bin/d*d /usr/local/bin/runc",
		      "/usr/local/bin/dind 755 script|/usr/local/bin/dockerd 755 engine|"
		      "/usr/local/bin/runc 755 runtime",
		      names[i]);
	}
	file(0, "a", "x");
	gives("/b", "", "nothing is wanted");
	tar_header(&tars[0], '0', "suid", NULL, 0, 06755);
	tar_header(&tars[0], '0', "none", NULL, 0, 0);
	gives("/*", "/none 0 |/suid 755 ", "setuid and setgid stay behind");
	file(0, "a", "same");
	file(0, "b", "same");
	gives("/*", "/a 755 same|/b 755 same", "two files with the same content");
}

static void test_layers(void)
{
	file(0, "a", "old");
	file(0, "b", "old");
	file(1, "a", "new");
	gives("/*", "/a 755 new|/b 755 old", "the upper layer wins");
	file(0, "a", "old");
	node(1, '2', "a", "b");
	gives("/a", "", "a symbolic link over a file");
	file(0, "a", "old");
	node(1, '5', "a", NULL);
	gives("/a", "", "a directory over a file");
	file(0, "d/a", "old");
	node(1, '2', "d", "e");
	file(1, "e/a", "new");
	gives("/*", "/e/a 755 new", "a symbolic link over a directory");
	file(0, "d/a", "old");
	file(1, "d", "file");
	node(2, '5', "d", NULL);
	file(2, "d/b", "new");
	gives("/*", "/d/b 755 new", "a directory over a file over a directory");
	file(0, "d/a", "old");
	node(1, '5', "d", NULL);
	node(2, '5', "d", NULL);
	gives("/*", "/d/a 755 old", "a directory over a directory");
	file(0, "d-x", "1");
	file(0, "d/x", "2");
	file(0, "dx", "3");
	file(1, "d", "4");
	gives("/*", "/d 755 4|/d-x 755 1|/dx 755 3", "only what is below is hidden");
	file(0, "d/x", "old");
	node(1, '3', "d", NULL);
	gives("/*", "", "a device over a directory");
}

static void test_whiteouts(void)
{
	file(0, "a", "old");
	file(0, "b", "old");
	file(1, ".wh.a", "");
	gives("/*", "/b 755 old", "a whiteout");
	file(0, "d/e/a", "old");
	file(0, "d-e", "stays");
	file(1, ".wh.d", "");
	gives("/*", "/d-e 755 stays", "a whiteout of a parent");
	file(0, "d/a", "old");
	file(0, "d/b", "old");
	file(1, ".wh.d", "");
	file(1, "d/a", "new");
	gives("/*", "/d/a 755 new", "a whiteout before new content in the same layer");
	file(0, "d/a", "old");
	file(0, "d/b", "old");
	file(1, "d/a", "new");
	file(1, ".wh.d", "");
	gives("/*", "/d/a 755 new", "a whiteout behind new content in the same layer");
	file(0, "d/a", "old");
	file(0, "d/e/b", "old");
	file(0, "c", "stays");
	file(1, "d/n", "new");
	file(1, "d/.wh..wh..opq", "");
	gives("/*", "/c 755 stays|/d/n 755 new", "an opaque directory");
	file(0, "d/a", "old");
	file(1, "d/.wh..wh..opq", "");
	file(2, "d/n", "new");
	gives("/*", "/d/n 755 new", "an opaque directory in the middle");
	file(0, "a", "old");
	file(0, "d/b", "old");
	file(1, ".wh..wh..opq", "");
	file(1, "c", "new");
	gives("/*", "/c 755 new", "an opaque root");
	file(0, ".wh.a", "");
	file(0, "a", "x");
	file(1, "b", "y");
	gives("/*", "/a 755 x|/b 755 y", "a whiteout in the lowest layer");
	file(0, "a", "old");
	file(1, ".wh.a", "");
	file(2, "a", "back");
	gives("/*", "/a 755 back", "a file that came back");
	file(0, "a", "x");
	file(1, ".wh..wh.plnk", "x");
	file(1, ".wh..wh.aufs", "x");
	gives("/*", "/a 755 x", "names of AUFS itself");
	node(0, '5', "d", NULL);
	file(0, "d/a", "old");
	tar_header(&tars[1], '3', "d/.wh.a", NULL, 0, 0);
	gives("/*", "", "a whiteout that is a device");
	file(0, "a", "x");
	file(1, ".wh.", "");
	refuses("/*", "whiteout of nothing", "a whiteout without a name");
	file(0, "d/a", "x");
	file(1, "d/.wh...", "");
	refuses("/*", "whiteout of nothing", "a whiteout of '..'");
	file(0, "d/a", "x");
	file(1, "d/.wh..", "");
	refuses("/*", "whiteout of nothing", "a whiteout of '.'");
}

static void test_duplicates(void)
{
	file(0, "a", "1");
	file(0, "./a", "2");
	file(0, "/a", "3");
	gives("/a", "/a 755 3", "the last of three");
	file(0, "a", "1");
	node(0, '2', "a", "/etc/passwd");
	gives("/a", "", "a file, then a symbolic link");
	node(0, '2', "a", "/etc/passwd");
	file(0, "a", "1");
	gives("/a", "/a 755 1", "a symbolic link, then a file");
	file(0, "d/a", "1");
	file(0, "d/b/c", "1");
	file(0, "d", "2");
	gives("/*", "/d 755 2", "a directory with files, then a file");
	file(0, "a", "1");
	node(0, '5', "a", NULL);
	file(0, "a/b", "2");
	gives("/*", "/a/b 755 2", "a file, then a directory");
	node(1, '5', "d", NULL);
	file(1, "d/a", "upper");
	file(0, "d/b", "lower");
	file(0, "d", "lower");
	gives("/*", "/d/a 755 upper", "a lower layer takes nothing from an upper one");
	node(0, '2', "d", "/etc");
	file(0, "d/passwd", "through");
	gives("/*", "/d/passwd 755 through", "a file through a symbolic link is only a name");
}

static void test_hard_links(void)
{
	file(0, "a", "x");
	node(0, '1', "b", "a");
	gives("/*", "/a 755 x|/b 755 x", "to a wanted file");
	file(0, "a", "x");
	node(0, '1', "b", "./a");
	node(0, '1', "c", "/a");
	gives("/b /c", "/b 755 x|/c 755 x", "to a file that was passed by");
	file(0, "a", "x");
	node(1, '1', "b", "a");
	file(1, "z", "z");
	file(2, "y", "y");
	gives("/b", "/b 755 x", "to a file in a lower layer");
	file(0, "a", "x");
	file(1, ".wh.a", "");
	node(2, '1', "b", "a");
	refuses("/b", "does not have", "to a file in a lower layer that a whiteout hides");
	file(0, "d/a", "x");
	file(1, "d", "");
	node(2, '1', "b", "d/a");
	refuses("/b", "does not have", "to a file in a directory that a file hides");
	file(0, "a", "x");
	node(1, '1', "b", "a");
	file(2, ".wh.a", "");
	gives("/*", "/b 755 x", "the target is removed above the link");
	file(0, "a", "x");
	node(0, '1', "b", "a");
	file(1, "a", "new");
	gives("/*", "/a 755 new|/b 755 x", "the target is replaced above the link");
	file(0, "a", "low");
	file(1, "a", "x");
	node(1, '1', "b", "a");
	gives("/b", "/b 755 x", "the own layer is nearer than the lower one");
	file(0, "a", "1");
	file(0, "a", "2");
	node(0, '1', "b", "a");
	file(0, "a", "3");
	gives("/b", "/b 755 2", "the target is what stood before the link");
	file(0, "a", "1");
	file(0, "a", "2");
	node(0, '1', "b", "a");
	file(0, "a", "3");
	gives("/*", "/a 755 3|/b 755 2", "the same when it is wanted");
	node(0, '1', "b", "a");
	file(0, "a", "x");
	refuses("/b", "does not have", "the target only follows");
	node(0, '1', "b", "/etc/passwd");
	refuses("/b", "'/b' in the image is a hard link to '/etc/passwd'", "to /etc/passwd");
	node(0, '1', "b", "../../etc/passwd");
	refuses("/b", "'..'", "to ../../etc/passwd");
	node(0, '1', "b", "/etc/passwd");
	file(0, "a", "x");
	gives("/a", "/a 755 x", "to nothing, but not wanted");
	node(0, '1', "b", "b");
	refuses("/b", "does not have", "to itself");
	node(0, '1', "a", "b");
	node(0, '1', "b", "a");
	refuses("/*", "does not have", "in a circle");
	file(0, "a", "x");
	node(0, '1', "b", "a");
	node(0, '1', "c", "b");
	gives("/c", "/c 755 x", "to a hard link");
	file(0, "a", "x");
	node(0, '1', "b", "a");
	node(1, '1', "c", "b");
	gives("/c", "/c 755 x", "to a hard link in a lower layer");
	node(0, '2', "a", "x");
	node(0, '1', "b", "a");
	gives("/b", "", "to a symbolic link");
	node(0, '3', "a", NULL);
	node(0, '1', "b", "a");
	gives("/b", "", "to a device");
	file(0, "a", "x");
	node(0, '1', "b", "a");
	file(0, "b", "own");
	gives("/b", "/b 755 own", "replaced by a file behind it");
	file(0, "b", "own");
	file(0, "a", "x");
	node(0, '1', "b", "a");
	gives("/b", "/b 755 x", "in the place of a file before it");
	file(0, "a", "x");
	node(0, '1', "b", "a");
	file(1, ".wh.b", "");
	gives("/b", "", "hidden by an upper layer");
	file(0, "a0", "x");
	for (int i = 1; i <= 12; i++) {
		char from[16], to[16];

		snprintf(from, sizeof(from), "a%d", i);
		snprintf(to, sizeof(to), "a%d", i - 1);
		node(0, '1', from, to);
	}
	refuses("/a12", "more than 8 deep", "twelve in a row");
	file(0, "a", "x");
	for (int i = 0; i < 300; i++) {
		char name[16];

		snprintf(name, sizeof(name), "l%d", i);
		node(0, '1', name, "a");
	}
	refuses("/l*", "more than 256", "three hundred to a file that is not wanted");
}

static void test_names(void)
{
	static const char *const bad[] = { "..", "../a", "a/../b", "/..", "a/..", "./../a" };
	struct str deep = { .s = NULL };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		file(0, bad[i], "x");
		refuses("/none", "'..'", bad[i]);
	}
	file(0, "..a", "x");
	file(0, "a..", "y");
	file(0, "...", "z");
	gives("/*", "/... 755 z|/..a 755 x|/a.. 755 y", "names that only look like '..'");
	file(0, "/", "x");
	refuses("/*", "has content", "a file with the name of a directory");
	node(0, '2', "./", "x");
	refuses("/*", "else than a directory at '/'", "a symbolic link as root");
	while (deep.len < EXTRACT_PATH_MAX - 2)
		str_addf(&deep, "/n");
	tar_pax(&tars[0], 'x', "path", deep.s, deep.len);
	file(0, "short", "x");
	{
		CLEANUP(mem_freep) char *expected = mem_printf("%s 755 x", deep.s);

		gives("/*", expected, "the longest path");
	}
	str_addf(&deep, "nn");
	tar_pax(&tars[0], 'x', "path", deep.s, deep.len);
	file(0, "short", "x");
	refuses("/none", "longer than 4095 bytes", "a longer path");
	tar_header(&tars[0], '0', "huge", NULL, EXTRACT_FILE_MAX + 1, 0755);
	refuses("/huge", "larger than 2147483648 bytes", "a file over the limit");
	for (int more = 0; more < 2; more++) {
		CLEANUP(str_release) struct str got = { .s = NULL };
		struct err e;

		file(0, "f", "x");
		for (int i = 1; i < EXTRACT_FILES_MAX + more; i++) {
			char name[16];

			snprintf(name, sizeof(name), "f%d", i);
			node(0, '1', name, "f");
		}
		if (more)
			refuses("/f*", "more than 4096", "more files than the limit");
		else
			is_int(run(&e, "/f*", &got), 0, "as many files as the limit");
	}
	str_release(&deep);
}

static int stop_at;
static int64_t progressed;

static int progress(int64_t bytes, void *ctx)
{
	(void)ctx;
	progressed = bytes;
	return --stop_at == 0;
}

static void test_proof(void)
{
	CLEANUP(str_release) struct str low = { .s = NULL };
	CLEANUP(str_release) struct str high = { .s = NULL };
	CLEANUP(str_release) struct str got = { .s = NULL };
	CLEANUP(str_release) struct str blob = { .s = NULL };
	CLEANUP(str_release) struct str cut = { .s = NULL };
	struct layer layers[2] = { 0 };
	struct image image = { .layers = layers, .layer_count = 2 };
	struct extracted_list list;
	struct err e;
	char pattern[] = "/*";

	tar_file(&low, "a", "low");
	tar_end(&low);
	tar_file(&high, "b", "high");
	tar_end(&high);
	put(&low, &layers[0]);
	put(&high, &layers[1]);
	is_int(extract(&e, layers, 2, pattern, &got), 0, "no diff_id: the blob's digest counts");
	digest_of(low.s, low.len, &layers[0].diff_id);
	digest_of(high.s, high.len, &layers[1].diff_id);
	got.len = 0;
	is_int(extract(&e, layers, 2, pattern, &got), 0, "right diff_ids");
	is_str(got.s, "/a 755 low|/b 755 high", "both files");

	stop_at = 0;
	is_int(extract_files(&e, &image, store, wanted, progress, pattern, &list), 0,
	       "with progress");
	is_int(progressed, (int64_t)(low.len + high.len), "which counts every byte");
	extracted_list_release(&list);
	stop_at = 1;
	is_int(extract_files(&e, &image, store, wanted, progress, pattern, &list), -1, "stopped");
	is_int(e.code, ERR_RETRY, "to be tried again");
	is_int(list.count, 0, "nothing is returned");

	layers[0].diff_id.bytes[0] ^= 1;
	got.len = 0;
	ok(extract(&e, layers, 2, pattern, &got) < 0 && e.code == ERR_REJECTED, "%s", e.msg);
	ok(!got.len && strstr(e.msg, "layer 1 of 2"),
	   "a wrong diff_id below: nothing at all is returned");
	layers[0].diff_id.bytes[0] ^= 1;

	/* the same entries, but padding that is not what the diff_id was made of */
	bytes_gzip(&blob, low.s, low.len);
	bytes_gzip(&blob, "\0", 1);
	put(&blob, &layers[0]);
	ok(extract(&e, layers, 2, pattern, &got) < 0 && e.code == ERR_REJECTED, "one more zero: %s",
	   e.msg);
	blob.len = 0;
	bytes_gzip(&blob, low.s, low.len);
	str_add(&cut, blob.s, blob.len - 3);
	put(&cut, &layers[0]);
	ok(extract(&e, layers, 2, pattern, &got) < 0 && strstr(e.msg, "truncated"), "%s", e.msg);
	str_add(&blob, "garbage", 7);
	put(&blob, &layers[0]);
	ok(extract(&e, layers, 2, pattern, &got) < 0 && strstr(e.msg, "gzip"), "garbage behind: %s",
	   e.msg);

	/* somebody changed the blob in the store */
	put(&low, &layers[0]);
	{
		CLEANUP(mem_freep) char *path = store_path(store, &layers[0].digest);

		low.s[512] ^= 1;
		if (file_replace(&e, path, low.s, low.len, 0400) < 0)
			abort();
	}
	ok(extract(&e, layers, 2, pattern, &got) < 0 && e.code == ERR_REJECTED,
	   "changed in the store: %s", e.msg);
	layers[0].diff_id.algorithm = DIGEST_NONE;
	ok(extract(&e, layers, 2, pattern, &got) < 0 && e.code == ERR_REJECTED,
	   "changed, without a diff_id: %s", e.msg);
	digest_of("none", 4, &layers[0].digest);
	ok(extract(&e, layers, 2, pattern, &got) < 0 && e.code == ERR_PRECHECK && e.sys == ENOENT,
	   "not in the store: %s", e.msg);
}

static void test_hiding(void)
{
	static const struct {
		const char *path;
		enum hiding_reach reach;
		const char *name;
		bool hides;
	} table[] = {
		{ "/a", HIDING_SELF, "/a", true },      { "/a", HIDING_SELF, "/a/b", false },
		{ "/a", HIDING_BELOW, "/a", false },    { "/a", HIDING_BELOW, "/a/b", true },
		{ "/a", HIDING_BELOW, "/a/b/c", true }, { "/a", HIDING_ALL, "/a", true },
		{ "/a", HIDING_ALL, "/a/b", true },     { "/a", HIDING_ALL, "/ab", false },
		{ "/a/b", HIDING_ALL, "/a", false },    { "/", HIDING_BELOW, "/a", true },
		{ "/", HIDING_BELOW, "/a/b", true },    { "/a-", HIDING_ALL, "/a", false },
	};
	struct err e;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct hiding h = { .marks = NULL };

		if (hiding_add(&e, &h, table[i].path, table[i].reach) < 0)
			abort();
		ok(!hiding_hides(&h, table[i].name), "not before the seal");
		hiding_seal(&h);
		is_int(hiding_hides(&h, table[i].name), table[i].hides, "%s on %s", table[i].path,
		       table[i].name);
		is_int(hiding_reaches(table[i].path, table[i].reach, table[i].name), table[i].hides,
		       "the rule says the same");
		hiding_release(&h);
	}
}

int main(void)
{
	char dir[] = "/tmp/test_extract.XXXXXX";
	struct err e;

	if (!mkdtemp(dir) || store_open(&e, dir, &store) < 0)
		return 1;
	test_simple();
	test_layers();
	test_whiteouts();
	test_duplicates();
	test_hard_links();
	test_names();
	test_proof();
	test_hiding();
	note("%d images", cases);
	for (int i = 0; i < LAYERS; i++)
		str_release(&tars[i]);
	store_close(store);
	ok(file_remove_tree(&e, dir) == 0, "cleaned up");
	return done_testing();
}
