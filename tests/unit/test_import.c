// SPDX-License-Identifier: MIT
#include "oci/import.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "bytes.h"
#include "oci/kept.h"
#include "os/file.h"
#include "tap.h"

/* In memory where there is such a place: a store syncs everything that it is given. */
static char dir[64];
static struct store *store;

/* ---- material ---- */

static const char layer[] = "this is a layer";
static const char config[] = "{\"os\":\"linux\"}";

struct parts {
	char layer[DIGEST_TEXT_MAX], config[DIGEST_TEXT_MAX], manifest[DIGEST_TEXT_MAX];
	char *manifest_text, *index_text;
};

static void digest_text(const char *data, char ret[DIGEST_TEXT_MAX])
{
	struct digest d;

	digest_of(data, strlen(data), &d);
	digest_format(&d, ret);
}

static void parts_make(struct parts *p)
{
	digest_text(layer, p->layer);
	digest_text(config, p->config);
	p->manifest_text = mem_printf(
		"{\"schemaVersion\":2,\"config\":{\"mediaType\":"
		"\"application/vnd.oci.image.config.v1+json\",\"digest\":\"%s\",\"size\":%zu},"
		"\"layers\":[{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\",\"digest\":"
		"\"%s\",\"size\":%zu}]}",
		p->config, strlen(config), p->layer, strlen(layer));
	digest_text(p->manifest_text, p->manifest);
	p->index_text = mem_printf("{\"schemaVersion\":2,\"manifests\":[{\"digest\":\"%s\","
	                           "\"size\":%zu,\"annotations\":{\"io.containerd.image.name\":"
	                           "\"example.com/engine:1\"}}]}",
	                           p->manifest, strlen(p->manifest_text));
}

static void add_blob(struct str *to, const char *digest, const char *content)
{
	CLEANUP(mem_freep) char *path = mem_printf("blobs/sha256/%s", digest + strlen("sha256:"));

	tar_file(to, path, content);
}

/* A layout, whole unless parts of it are left out. */
enum { NO_LAYER = 1, NO_CONFIG = 2, NO_MANIFEST = 4, NO_INDEX = 8 };
static void add_layout(struct str *to, const struct parts *p, unsigned without)
{
	if (!(without & NO_LAYER))
		add_blob(to, p->layer, layer);
	if (!(without & NO_INDEX))
		tar_file(to, "index.json", p->index_text);
	if (!(without & NO_CONFIG))
		add_blob(to, p->config, config);
	if (!(without & NO_MANIFEST))
		add_blob(to, p->manifest, p->manifest_text);
}

/* ---- trying ---- */

static void fresh_store(void)
{
	struct err e;

	store_close(store);
	store = NULL;
	if (file_remove_tree(&e, dir) < 0 || store_open(&e, dir, &store) < 0) {
		note("%s", e.msg);
		abort();
	}
}

static int take(struct err *e, const struct str *archive, const char *as, struct import *ret)
{
	CLEANUP(mem_closep) int fd = memfd_create("archive", 0);
	CLEANUP(origin_release) struct origin o = { 0 };
	CLEANUP(pack_closep) struct pack *p = NULL;
	struct import_options options = { .origin = &o };

	if (write(fd, archive->s, archive->len) != (ssize_t)archive->len || lseek(fd, 0, SEEK_SET))
		abort();
	if (origin_parse(e, "/archive", as, &o) < 0 || pack_open(e, fd, "/archive", &p) < 0)
		return -1;
	return import_pack(e, &options, p, store, ret);
}

/* Taken; its name and the digest of its document. Ends the archive, and empties it. */
static void taken(struct str *s, const char *as, const char *top, const char *name,
                  const char *description)
{
	CLEANUP(import_release) struct import i = { 0 };
	CLEANUP(mem_freep) char *got = NULL;
	char digest[DIGEST_TEXT_MAX] = "";
	struct err e = { .code = ERR_NONE };

	tar_end(s);
	fresh_store();
	if (!is_int(take(&e, s, as, &i), 0, "%s", description)) {
		note("%s", e.msg);
	} else {
		digest_format(&i.top, digest);
		got = *i.name.path ? reference_format(&i.name) : mem_dup("");
		is_str(digest, top, "%s: the document", description);
		is_str(got, name, "%s: the name", description);
	}
	s->len = 0;
}

/* Refused, with that in its message. */
static void refused(struct str *s, enum err_code code, const char *message, const char *description)
{
	struct import i = { 0 };
	struct err e = { .code = ERR_NONE };

	fresh_store();
	is_int(take(&e, s, NULL, &i), -1, "%s: refused", description);
	ok(e.code == code && strstr(e.msg, message), "%s: %s", description, e.msg);
	s->len = 0;
}

static void rejected(struct str *s, const char *message, const char *description)
{
	tar_end(s);
	refused(s, ERR_REJECTED, message, description);
}

/* ---- layouts ---- */

static void test_layouts(const struct parts *p)
{
	struct str s = { 0 }, packed = { 0 };
	const char *name = "example.com/engine:1";

	add_layout(&s, p, 0);
	taken(&s, NULL, p->manifest, name, "a layout");
	add_layout(&s, p, NO_INDEX);
	tar_file(&s, "./index.json", p->index_text);
	taken(&s, NULL, p->manifest, name, "a name that begins with ./");
	add_layout(&s, p, 0);
	taken(&s, "other/name:2", p->manifest, "docker.io/other/name:2", "another name");
	add_layout(&s, p, 0);
	add_blob(&s, p->layer, layer);
	taken(&s, NULL, p->manifest, name, "a blob twice");
	add_layout(&s, p, NO_LAYER);
	taken(&s, NULL, p->manifest, name, "what is missing is missed when it is fetched");
	add_layout(&s, p, 0);
	tar_end(&s);
	bytes_gzip(&packed, s.s, s.len);
	packed.len--;
	s.len = 0;
	refused(&packed, ERR_REJECTED, "truncated", "gzip without its last byte");
	str_release(&s);
	str_release(&packed);
}

/* Names that mean nothing: neither taken nor a harm. */
static void test_passed_over(const struct parts *p)
{
	static const char *const names[] = {
		"/etc/passwd",
		"../../etc/passwd",
		"blobs/../../x",
		"blobs/sha256/../../../x",
		"blobs/sha256/..",
		"blobs//x",
		"blobs/md5/d41d8cd98f00b204e9800998ecf8427e",
		"blobs/sha256/E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855",
		"blobs/sha256/e3b0",
		"blobs/sha512/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"x/index.json",
		"index.json/x",
		"INDEX.JSON",
		"repositories",
		"a/json",
		"a/VERSION",
	};
	struct str s = { 0 };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		add_layout(&s, p, 0);
		tar_file(&s, names[i], "{");
		tar_node(&s, '2', names[i], "/etc/passwd");
		tar_node(&s, '1', names[i], "/etc/passwd");
		tar_node(&s, '3', names[i], NULL);
		tar_node(&s, '5', names[i], NULL);
		taken(&s, NULL, p->manifest, "example.com/engine:1", names[i]);
	}
	str_release(&s);
}

static void test_bad_layouts(const struct parts *p)
{
	static const char *const indexes[] = {
		"",
		"{",
		"[]",
		"null",
		"{\"manifests\":{}}",
		"{\"manifests\":[1]}",
		"{\"manifests\":[{}]}",
		"{\"manifests\":[{\"digest\":1}]}",
		"{\"manifests\":[{\"digest\":\"sha256:../../../../etc/passwd\"}]}",
		"{\"manifests\":[]}",
		"{\"manifests\":[],\"manifests\":[]}",
	};
	struct str s = { 0 };
	CLEANUP(mem_freep) char *blob = mem_printf("blobs/%.6s/%s", p->layer, p->layer + 7);

	rejected(&s, "neither", "an archive without entries");
	add_layout(&s, p, NO_INDEX);
	rejected(&s, "neither", "no index.json");
	for (size_t i = 0; i < sizeof(indexes) / sizeof(*indexes); i++) {
		add_layout(&s, p, NO_INDEX);
		tar_file(&s, "index.json", indexes[i]);
		rejected(&s, "", indexes[i]);
	}
	add_layout(&s, p, 0);
	tar_file(&s, "index.json", p->index_text);
	rejected(&s, "there are two 'index.json'", "a second index.json");
	add_layout(&s, p, NO_LAYER);
	add_blob(&s, p->layer, "this is a lAyer");
	rejected(&s, "content is not", "a blob that is something else");
	add_layout(&s, p, NO_LAYER);
	add_blob(&s, p->layer, "this is a laye");
	rejected(&s, "content is not", "a blob that is too short");
	add_layout(&s, p, NO_LAYER);
	tar_node(&s, '2', blob, "/etc/passwd");
	rejected(&s, "not a regular file", "a blob that is a symbolic link");
	add_layout(&s, p, NO_LAYER);
	tar_node(&s, '1', blob, "index.json");
	rejected(&s, "not a regular file", "a blob that is a hard link");
	add_layout(&s, p, NO_LAYER);
	tar_node(&s, '3', blob, NULL);
	rejected(&s, "not a regular file", "a blob that is a device");
	add_layout(&s, p, 0);
	tar_header(&s, '0', "index.json", NULL, IMAGE_MANIFEST_MAX + 1, 0644);
	refused(&s, ERR_REJECTED, "two", "a large index.json behind the first");
	add_layout(&s, p, NO_INDEX);
	tar_header(&s, '0', "index.json", NULL, IMAGE_MANIFEST_MAX + 1, 0644);
	for (int i = 0; i <= IMAGE_MANIFEST_MAX / 512; i++)
		tar_body(&s, "  ", 2);
	rejected(&s, "larger than", "an index.json of more than 4 MiB");
	for (int i = 0; i <= IMPORT_ENTRIES_MAX; i++)
		tar_file(&s, "x", "");
	rejected(&s, "more than 8192 entries", "one entry too many");
	str_release(&s);
}

/* ---- several images ---- */

static void test_several(const struct parts *p)
{
	CLEANUP(import_release) struct import i = { 0 };
	struct str s = { 0 };
	CLEANUP(mem_freep)
	char *index = mem_printf("{\"manifests\":[{\"digest\":\"%s\",\"annotations\":"
	                         "{\"org.opencontainers.image.ref.name\":\"one\"}},"
	                         "{\"digest\":\"%s\",\"annotations\":"
	                         "{\"org.opencontainers.image.ref.name\":\"a.example/b/c:two\"}}]}",
	                         p->manifest, p->config);
	struct err e;

	add_layout(&s, p, NO_INDEX);
	tar_file(&s, "index.json", index);
	refused(&s, ERR_USAGE, "more than one image, say which by --as: one, a.example/b/c:two",
	        "two images");
	add_layout(&s, p, NO_INDEX);
	tar_file(&s, "index.json", index);
	taken(&s, "x/y:one", p->manifest, "docker.io/x/y:one", "one of two by its tag");
	add_layout(&s, p, NO_INDEX);
	tar_file(&s, "index.json", index);
	taken(&s, "a.example/b/c:two", p->config, "a.example/b/c:two", "one of two by its name");
	add_layout(&s, p, NO_INDEX);
	tar_file(&s, "index.json", index);
	fresh_store();
	is_int(take(&e, &s, "a.example/b/c:three", &i), -1, "none of two");
	is_int(e.code, ERR_USAGE, "... is a question of usage: %s", e.msg);
	str_release(&s);
}

/* A layout that is an archive of docker save at once: by an engine, or by what saves signatures with it? */
static void test_remade(const struct parts *p)
{
	static const struct {
		const char *key, *value;
		bool remade;
	} writers[] = {
		{ "nodelift.signatures", "all", false },
		{ "nodelift.signatures", "al", true },
		{ "nodelift.signatures", "", true },
		{ "Nodelift.signatures", "all", true },
		{ "kind", "all", true },
	};
	struct str s = { 0 };
	struct err e;

	for (size_t n = 0; n < sizeof(writers) / sizeof(*writers); n++) {
		CLEANUP(import_release) struct import i = { 0 };
		CLEANUP(mem_freep)
		char *index = mem_printf("{\"manifests\":[{\"digest\":\"%s\"}],"
		                         "\"annotations\":{\"%s\":\"%s\"}}",
		                         p->manifest, writers[n].key, writers[n].value);

		add_layout(&s, p, NO_INDEX);
		tar_file(&s, "index.json", index);
		tar_file(&s, "manifest.json", "[]");
		tar_end(&s);
		fresh_store();
		is_int(take(&e, &s, NULL, &i), 0, "both at once");
		is_int(i.remade, writers[n].remade, "... with %s '%s'", writers[n].key,
		       writers[n].value);
		s.len = 0;
	}
	str_release(&s);
}

/* ---- docker save ---- */

static const char docker[] = "[{\"Config\":\"c.json\",\"RepoTags\":[\"engine:1\"],\"Layers\":["
			     "\"a/layer.tar\"]}]";

static void test_docker(void)
{
	static const struct {
		const char *link; /* a/layer.tar -> */
		bool good;
	} links[] = {
		{ "../b/layer.tar", true },  { "../b/./layer.tar", true },
		{ "../b//layer.tar", true }, { "../../b/layer.tar", false },
		{ "/b/layer.tar", false },   { "../c/layer.tar", false },
		{ "layer.tar", false },      { "/etc/passwd", false },
	};
	CLEANUP(mem_freep) char *made = NULL;
	struct str s = { 0 };
	struct import i = { 0 };
	char digest[DIGEST_TEXT_MAX];
	struct err e;

	tar_file(&s, "a/layer.tar", layer);
	tar_file(&s, "c.json", config);
	tar_file(&s, "manifest.json", docker);
	tar_end(&s);
	fresh_store();
	is_int(take(&e, &s, NULL, &i), 0, "an archive of docker save");
	digest_format(&i.top, digest);
	made = mem_dup(digest);
	ok(i.remade && i.named_inside && kept_size(store, &i.top) > 0,
	   "... gets a manifest, and is known to have none of its own");
	import_release(&i);
	s.len = 0;
	tar_file(&s, "manifest.json", docker);
	tar_file(&s, "c.json", config);
	tar_file(&s, "a/layer.tar", layer);
	taken(&s, NULL, made, "docker.io/library/engine:1", "... the same in any order");
	for (size_t n = 0; n < sizeof(links) / sizeof(*links); n++) {
		tar_file(&s, "b/layer.tar", layer);
		tar_node(&s, '2', "a/layer.tar", links[n].link);
		tar_file(&s, "c.json", config);
		tar_file(&s, "manifest.json", docker);
		if (links[n].good)
			taken(&s, NULL, made, "docker.io/library/engine:1", links[n].link);
		else
			rejected(&s, "the archive lacks 'a/layer.tar'", links[n].link);
	}
	tar_file(&s, "a/layer.tar", layer);
	tar_file(&s, "manifest.json", docker);
	rejected(&s, "the archive lacks 'c.json'", "no configuration");
	tar_node(&s, '2', "a/layer.tar", "../b/layer.tar");
	tar_node(&s, '2', "b/layer.tar", "../a/layer.tar");
	tar_file(&s, "c.json", config);
	tar_file(&s, "manifest.json", docker);
	rejected(&s, "the archive lacks", "links in a circle");
	str_release(&s);
}

static void test_bad_docker(void)
{
	static const char *const manifests[] = {
		"{}",
		"[]",
		"[1]",
		"[{}]",
		"[{\"Config\":1,\"Layers\":[]}]",
		"[{\"Config\":\"c.json\"}]",
		"[{\"Config\":\"c.json\",\"Layers\":[1]}]",
		"[{\"Config\":\"c.json\",\"Layers\":{}}]",
		"[{\"Config\":\"/etc/passwd\",\"Layers\":[]}]",
		"[{\"Config\":\"../c.json\",\"Layers\":[]}]",
		"[{\"Config\":\"c.json\",\"RepoTags\":[\"../x\"],\"Layers\":[]}]",
	};
	struct str s = { 0 };

	for (size_t i = 0; i < sizeof(manifests) / sizeof(*manifests); i++) {
		tar_file(&s, "c.json", config);
		tar_file(&s, "manifest.json", manifests[i]);
		rejected(&s, "", manifests[i]);
	}
	str_release(&s);
}

/* ---- every cut, every bit ---- */

static void test_damage(const struct parts *p)
{
	struct str s = { 0 };
	int cuts = 0, flips = 0, other = 0;
	struct err e;

	add_layout(&s, p, 0);
	tar_end(&s);
	for (size_t len = 0; len < s.len; len += 64, cuts++) {
		CLEANUP(import_release) struct import i = { 0 };
		struct str part = { .s = s.s, .len = len };

		fresh_store();
		if (take(&e, &part, NULL, &i) == 0 && strcmp(i.name.path, "engine") != 0)
			other++;
	}
	is_int(other, 0, "%d truncated archives: refused, or the same image", cuts);
	for (size_t at = 0; at < s.len; at += 7, flips++) {
		CLEANUP(import_release) struct import i = { 0 };
		char digest[DIGEST_TEXT_MAX];

		s.s[at] ^= (char)(1 << at % 8);
		fresh_store();
		if (take(&e, &s, NULL, &i) == 0) {
			digest_format(&i.top, digest);
			/* index.json is nobody's word: any document that it names is proved on its own */
			other += strcmp(digest, p->manifest) != 0 && kept_size(store, &i.top) >= 0;
		}
		s.s[at] ^= (char)(1 << at % 8);
	}
	is_int(other, 0, "%d flipped bits: refused, or the same document", flips);
	str_release(&s);
}

/* ---- directories ---- */

static int take_dir(struct err *e, const char *path)
{
	CLEANUP(mem_closep) int fd = open(path, O_RDONLY | O_DIRECTORY);
	CLEANUP(origin_release) struct origin o = { 0 };
	CLEANUP(import_release) struct import i = { 0 };
	CLEANUP(pack_closep) struct pack *p = NULL;
	struct import_options options = { .origin = &o };

	if (origin_parse(e, path, NULL, &o) < 0 || pack_open(e, fd, path, &p) < 0)
		return -1;
	return import_pack(e, &options, p, store, &i);
}

static void sh(const char *fmt, const char *path, const char *hex, const char *text)
{
	CLEANUP(mem_freep) char *command = NULL;

	setenv("D", path, 1);
	setenv("HEX", hex, 1);
	setenv("TEXT", text, 1);
	command = mem_printf("cd \"$D\" && %s", fmt);
	if (system(command) != 0)
		note("failed: %s", fmt);
}

static void test_directories(const struct parts *p)
{
	static const struct {
		const char *how, *message;
	} bad[] = {
		{ "ln -s /etc/passwd blobs/sha256/x", "not a regular file" },
		{ "mkfifo blobs/sha256/x", "not a regular file" },
		{ "mkdir blobs/sha256/x", "not a regular file" },
		{ "mv index.json i && ln -s i index.json", "not a regular file" },
		{ "mv blobs b && ln -s b blobs", "no directory of an OCI layout" },
		{ "mv blobs/sha256 s && ln -s ../s blobs/sha256", "no directory of an OCI layout" },
		{ "rm -r blobs/sha256 && touch blobs/sha256", "no directory of an OCI layout" },
		{ "rm index.json", "it has no index.json" },
		{ "echo x >blobs/sha256/$HEX", "content is" },
	};
	char path[] = "/tmp/nodelift-layout.XXXXXX";
	struct err e = { .code = ERR_NONE };

	if (!mkdtemp(path))
		abort();
	for (size_t i = 0; i <= sizeof(bad) / sizeof(*bad); i++) {
		sh("rm -rf ./* && mkdir -p blobs/sha256 && printf %s \"$TEXT\" >blobs/sha256/$HEX",
		   path, p->manifest + 7, p->manifest_text);
		sh("printf %s \"$TEXT\" >index.json", path, "", p->index_text);
		fresh_store();
		if (i == sizeof(bad) / sizeof(*bad)) {
			is_int(take_dir(&e, path), 0, "a directory");
			break;
		}
		sh(bad[i].how, path, p->manifest + 7, "");
		is_int(take_dir(&e, path), -1, "%s: refused", bad[i].how);
		ok(e.code == ERR_REJECTED && strstr(e.msg, bad[i].message), "... %s", e.msg);
	}
	if (file_remove_tree(&e, path) < 0)
		note("%s", e.msg);
}

/* ---- what the user writes ---- */

static void test_origins(void)
{
	static const struct {
		const char *text;
		enum origin_kind kind;
		const char *place;
	} good[] = {
		{ "/a/b.tar", ORIGIN_FILE, "/a/b.tar" },
		{ "-", ORIGIN_STDIN, NULL },
		{ "docker-daemon:engine:1", ORIGIN_ENGINE, "engine:1" },
		{ "docker-daemon:sha256:"
		  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		  ORIGIN_ENGINE,
		  "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ "engine:1", ORIGIN_REGISTRY, NULL },
		{ "example.com/a/b", ORIGIN_REGISTRY, NULL },
	};
	static const char *const bad[] = { "docker-daemon:",
		                           "docker-daemon:../x",
		                           "docker-daemon:a b",
		                           "docker-daemon:x?y",
		                           "a b",
		                           "" };
	struct origin o;
	struct err e;

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		is_int(origin_parse(&e, good[i].text, NULL, &o), 0, "'%s'", good[i].text);
		is_int(o.kind, good[i].kind, "... its kind");
		is_str(o.place, good[i].place, "... its place");
		origin_release(&o);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		is_int(origin_parse(&e, bad[i], NULL, &o), -1, "'%s' is nothing", bad[i]);
	is_int(origin_parse(&e, "engine:1", "other:1", &o), -1, "a registry's image has its name");
	is_int(origin_parse(&e, "./a/../b", NULL, &o), 0, "a relative path");
	ok(o.place && o.place[0] == '/' && str_ends(o.place, "/a/../b"), "... is made absolute: %s",
	   o.place);
	origin_release(&o);
}

int main(void)
{
	struct parts p;
	struct err e;

	strcpy(dir, "/dev/shm/nodelift-import.XXXXXX");
	if (!mkdtemp(dir)) {
		strcpy(dir, "/tmp/nodelift-import.XXXXXX");
		if (!mkdtemp(dir))
			return 1;
	}
	parts_make(&p);
	test_origins();
	test_layouts(&p);
	test_passed_over(&p);
	test_bad_layouts(&p);
	test_remade(&p);
	test_several(&p);
	test_docker();
	test_bad_docker();
	test_damage(&p);
	test_directories(&p);
	store_close(store);
	if (file_remove_tree(&e, dir) < 0)
		note("%s", e.msg);
	free(p.manifest_text);
	free(p.index_text);
	return done_testing();
}
