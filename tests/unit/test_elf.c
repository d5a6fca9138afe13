// SPDX-License-Identifier: MIT
/*
 * Programs and libraries are made here with the C compiler that builds the tests; libraries of one
 * name with different symbol versions stand for different C libraries.
 */
#include <elf.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "host/elf.h"
#include "host/elf_search.h"
#include "os/file.h"
#include "tap.h"

static char dir[] = "/tmp/test_elf.XXXXXX";

static bool shell(const char *fmt, ...) PRINTF(1, 2);
static bool shell(const char *fmt, ...)
{
	CLEANUP(mem_freep) char *command = NULL;
	CLEANUP(mem_freep) char *whole = NULL;
	va_list ap;

	va_start(ap, fmt);
	command = mem_vprintf(fmt, ap);
	va_end(ap);
	whole = mem_printf("cd %s && { %s; } >/dev/null 2>&1", dir, command);
	return system(whole) == 0;
}

static int check(struct err *e, const char *path, const char *target,
                 const char *const (*together)[2], enum elf_kind *kind)
{
	struct elf_check c = { .path = path, .target = target, .together = together };

	e->code = ERR_NONE;
	e->msg[0] = '\0';
	return elf_check(e, &c, kind);
}

/* `name` is below dir, or absolute. */
static void runs(const char *name, enum elf_kind kind, const char *what)
{
	CLEANUP(mem_freep)
	char *path = name[0] == '/' ? mem_dup(name) : mem_printf("%s/%s", dir, name);
	enum elf_kind got = ELF_NOT;
	struct err e;

	if (!ok(check(&e, path, path, NULL, &got) == 0 && got == kind, "%s", what))
		note("kind %d: %s", got, e.msg);
}

static void fails(const char *name, enum err_code code, const char *message, const char *what)
{
	CLEANUP(mem_freep)
	char *path = name[0] == '/' ? mem_dup(name) : mem_printf("%s/%s", dir, name);
	enum elf_kind got = ELF_NOT;
	struct err e;

	if (!ok(check(&e, path, path, NULL, &got) < 0 && e.code == code && strstr(e.msg, message),
	        "%s: %s", what, e.msg))
		note("expected: %s", message);
}

static void test_kinds(void)
{
	runs("/etc/passwd", ELF_NOT, "a text is no ELF file");
	runs("/dev/null", ELF_NOT, "nor a device");
	runs("/tmp", ELF_NOT, "nor a directory");
	fails("none", ERR_PRECHECK, "No such file", "a file that is not there");
	shell("printf 'int main(void){return 0;}' >main.c");
	shell("gcc -o dynamic main.c && gcc -static -o static main.c && gcc -static-pie -o pie "
	      "main.c"
	      " && gcc -c -o object.o main.c && gcc -no-pie -o fixed main.c");
	runs("dynamic", ELF_DYNAMIC, "a dynamic program");
	runs("fixed", ELF_DYNAMIC, "one at a fixed address");
	runs("static", ELF_STATIC, "a static program");
	runs("pie", ELF_STATIC, "a static one that can be moved");
	runs("object.o", ELF_STATIC, "an object file needs nothing");
	runs("/bin/sh", ELF_DYNAMIC, "the node's shell");
}

static void test_machines(void)
{
	const struct {
		int machine, class, data;
		const char *message;
	} table[] = {
#if defined(__x86_64__)
		{ EM_AARCH64, ELFCLASS64, ELFDATA2LSB, "is for aarch64, this node is x86_64" },
		{ EM_X86_64, ELFCLASS32, ELFDATA2LSB, "is for x32" },
#else
		{ EM_X86_64, ELFCLASS64, ELFDATA2LSB, "is for x86_64, this node is aarch64" },
#endif
		{ EM_ARM, ELFCLASS32, ELFDATA2LSB, "is for arm" },
		{ EM_386, ELFCLASS32, ELFDATA2LSB, "is for i386" },
		{ 4711, ELFCLASS64, ELFDATA2LSB, "is for an unknown machine" },
		{ EM_PPC64, ELFCLASS64, ELFDATA2MSB, "big-endian" },
		{ EM_X86_64, 9, ELFDATA2LSB, "class is unknown" },
	};
	CLEANUP(mem_freep) char *path = mem_printf("%s/machine", dir);
	struct err e;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		unsigned char h[64] = { 0x7f, 'E', 'L', 'F' };

		h[EI_CLASS] = (unsigned char)table[i].class;
		h[EI_DATA] = (unsigned char)table[i].data;
		h[18] = (unsigned char)(table[i].machine & 0xff);
		h[19] = (unsigned char)(table[i].machine >> 8);
		if (file_replace(&e, path, h, sizeof(h), 0755) < 0)
			abort();
		fails("machine", ERR_REJECTED, table[i].message, "another machine");
	}
	if (file_replace(&e, path, "\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\0", 17, 0755) < 0)
		abort();
	fails("machine", ERR_REJECTED, "malformed", "a header that is cut");
	if (file_replace(&e, path, "\177ELF", 4, 0755) < 0)
		abort();
	runs("machine", ELF_NOT, "four bytes of ELF");
}

/* libv.so.1 with the versions V_1 ... V_n, in its own directory */
static void make_library(const char *where, int versions)
{
	shell("mkdir -p %s && : >v.c && : >v.map", where);
	for (int i = 1; i <= versions; i++)
		shell("echo 'int v%d(void){return %d;}' >>v.c; echo 'V_%d { global: v%d; };' "
		      ">>v.map",
		      i, i, i, i);
	if (!versions)
		shell("echo 'int v1(void){return 1;} int v2(void){return 1;}' >v.c; echo '{ };' "
		      ">v.map");
	shell("gcc -shared -fPIC -Wl,-soname,libv.so.1 -Wl,--version-script=v.map -o %s/libv.so.1 "
	      "v.c",
	      where);
}

static void test_libraries(void)
{
	shell("mkdir -p app");
	make_library("new", 2);
	make_library("old", 1);
	make_library("plain", 0);
	shell("echo 'int v1(void),v2(void);int main(void){return v1()+v2();}' >use.c");
	shell("echo 'int v1(void) __attribute__((weak));int v2(void) __attribute__((weak));"
	      "int main(void){return v2?v2():0;}' >weak.c");
	shell("gcc -o app/none use.c new/libv.so.1");
	shell("gcc -Wl,-rpath,'$ORIGIN/../new' -o app/runpath use.c new/libv.so.1");
	shell("gcc -Wl,--disable-new-dtags -Wl,-rpath,%s/none:'${ORIGIN}/../new' -o app/rpath use.c"
	      " new/libv.so.1",
	      dir);
	shell("gcc -Wl,-rpath,'$ORIGIN/../old' -o app/toonew use.c new/libv.so.1");
	shell("gcc -Wl,-rpath,'$ORIGIN/../plain' -o app/unversioned use.c new/libv.so.1");
	shell("gcc -Wl,-rpath,'$ORIGIN/../old' -o app/weak weak.c new/libv.so.1");
	fails("app/none", ERR_PRECHECK,
	      "needs the library libv.so.1, which this node does not have",
	      "a library that is nowhere");
	runs("app/runpath", ELF_DYNAMIC, "a library by RUNPATH with $ORIGIN");
	runs("app/rpath", ELF_DYNAMIC, "a library by RPATH with ${ORIGIN}");
	fails("app/toonew", ERR_PRECHECK, "needs V_2, which libv.so.1 of this node does not have",
	      "a library that is too old");
	runs("app/unversioned", ELF_DYNAMIC, "a library without versions will do");
	runs("app/weak", ELF_DYNAMIC, "a version that is needed weakly may be missing");

	/* through another library: RPATH is inherited, RUNPATH is not */
	shell("echo 'int v1(void),v2(void);int m(void){return v1()+v2();}' >mid.c; mkdir -p mid");
	shell("echo 'int m(void);int main(void){return m();}' >top.c");
	shell("gcc -shared -fPIC -Wl,-soname,libmid.so -o mid/libmid.so mid.c new/libv.so.1");
	shell("gcc -Wl,--disable-new-dtags -Wl,-rpath,%s/mid:%s/new -o app/inherit top.c "
	      "mid/libmid.so"
	      " -Wl,--allow-shlib-undefined",
	      dir, dir);
	shell("gcc -Wl,--enable-new-dtags -Wl,-rpath,%s/mid:%s/new -o app/disinherit top.c"
	      " mid/libmid.so -Wl,--allow-shlib-undefined",
	      dir, dir);
	shell("gcc -Wl,--disable-new-dtags -Wl,-rpath,%s/mid:%s/old -o app/through top.c "
	      "mid/libmid.so"
	      " -Wl,--allow-shlib-undefined",
	      dir, dir);
	runs("app/inherit", ELF_DYNAMIC, "RPATH counts for libraries of libraries");
	fails("app/disinherit", ERR_PRECHECK, "(through libmid.so) needs the library libv.so.1",
	      "RUNPATH does not");
	fails("app/through", ERR_PRECHECK, "(through libmid.so) needs V_2, which libv.so.1",
	      "a library of a library is too old");
	/* ld.so's own opinion */
	ok(shell("app/runpath; [ $? -lt 127 ] && app/rpath; [ $? -lt 127 ] && app/inherit;"
	         " [ $? -lt 127 ]"),
	   "ld.so runs what was found good");
	ok(shell("app/none; [ $? = 127 ]") && shell("app/disinherit; [ $? = 127 ]") &&
	           shell("app/toonew; [ $? = 1 ] || [ $? = 127 ]"),
	   "ld.so refuses what was found bad");

	/* a library for another machine is passed over */
	shell("mkdir -p alien && cp new/libv.so.1 alien/ &&"
	      " printf '\\003\\000' | dd of=alien/libv.so.1 bs=1 seek=18 conv=notrunc");
	shell("gcc -Wl,-rpath,%s/alien:%s/new -o app/alien use.c new/libv.so.1", dir, dir);
	runs("app/alien", ELF_DYNAMIC, "a library for another machine is passed over");
	shell("mkdir -p broken && head -c 3000 new/libv.so.1 >broken/libv.so.1");
	shell("gcc -Wl,-rpath,%s/broken -o app/broken use.c new/libv.so.1", dir);
	fails("app/broken", ERR_REJECTED, "malformed", "a library that is cut");
}

static void test_loader(void)
{
	CLEANUP(mem_freep) char *loader = mem_printf("%s/opt/ld-own.so", dir);

	shell("gcc -Wl,--dynamic-linker=%s -o app/own main.c", loader);
	fails("app/own", ERR_PRECHECK, "/opt/ld-own.so', which this node does not have",
	      "a loader that is nowhere");
	shell("gcc -Wl,--dynamic-linker=ld.so -o app/relative main.c");
	fails("app/relative", ERR_REJECTED, "without an absolute path", "a relative loader");
	shell("mkdir -p opt; echo '#!/bin/sh' >opt/ld-own.so");
	fails("app/own", ERR_PRECHECK, "which this node does not have",
	      "a loader that is a script");
	unlink(loader);
	shell("gcc -Wl,--dynamic-linker=/lib/ld-musl-none.so.1 -o app/musl main.c");
	fails("app/musl", ERR_PRECHECK, "/lib/ld-musl-none.so.1', which this node does not have",
	      "musl on a node without it");
	{
		/* the loader comes with the image, under a temporary name for now */
		CLEANUP(mem_freep) char *path = mem_printf("%s/app/own", dir);
		CLEANUP(mem_freep) char *now = mem_printf("%s/tmp-1234", dir);
		const char *const together[][2] = { { "/x/other", "/x/now" },
			                            { loader, now },
			                            { NULL, NULL } };
		enum elf_kind kind;
		struct err e;

		shell("cp \"$(readlink -f /lib64/ld-linux-*.so.* /lib/ld-linux-aarch64.so.1 | head "
		      "-1)\" %s",
		      now);
		ok(check(&e, path, "/opt/bin/own", together, &kind) == 0,
		   "a loader out of the image %s", e.msg);
	}
}

static void test_together(void)
{
	CLEANUP(mem_freep) char *program = mem_printf("%s/app/runpath", dir);
	CLEANUP(mem_freep) char *new = mem_printf("%s/new/libv.so.1", dir);
	CLEANUP(mem_freep) char *old = mem_printf("%s/old/libv.so.1", dir);
	const char *const good[][2] = { { "/opt/engine/new/libv.so.1", new }, { NULL, NULL } };
	const char *const bad[][2] = { { "/opt/engine/new/libv.so.1", old }, { NULL, NULL } };
	const char *const over[][2] = { { new, old }, { NULL, NULL } };
	enum elf_kind kind;
	struct err e;

	ok(check(&e, program, "/opt/engine/bin/x", NULL, &kind) < 0, "$ORIGIN is of the target: %s",
	   e.msg);
	ok(check(&e, program, "/opt/engine/bin/x", good, &kind) == 0,
	   "the library comes with the image %s", e.msg);
	ok(check(&e, program, "/opt/engine/bin/x", bad, &kind) < 0 &&
	           strstr(e.msg, "'/opt/engine/bin/x' needs V_2, which libv.so.1 of the image"),
	   "%s", e.msg);
	ok(check(&e, program, program, over, &kind) < 0 && strstr(e.msg, "of the image"),
	   "it replaces a good one of the node: %s", e.msg);
	{
		/* the node's directory has two names, as /lib and /usr/lib */
		CLEANUP(mem_freep) char *alias = mem_printf("%s/alias/libv.so.1", dir);
		const char *const other[][2] = { { alias, old }, { NULL, NULL } };

		shell("ln -s new alias");
		ok(check(&e, program, program, other, &kind) < 0 && strstr(e.msg, "of the image"),
		   "the same under another name of its directory: %s", e.msg);
	}
}

static void test_search(void)
{
	struct elf_search s = { .dirs = NULL };
	CLEANUP(mem_freep) char *conf = mem_printf("%s/ld.so.conf", dir);
	CLEANUP(str_release) struct str got = { .s = NULL };

	shell("mkdir -p conf.d; printf '# c\\n/first\\ninclude conf.d/*.conf\\n  /last/ # "
	      "c\\nrelative\\n"
	      "hwcap 1 x\\ninclude ld.so.conf\\n' >ld.so.conf");
	shell("printf '/a\\n' >conf.d/1.conf; printf '/b=libc6' >conf.d/2.conf; echo /c "
	      ">conf.d/3.no");
	elf_search_add_conf(&s, conf);
	ok(s.count <= ELF_SEARCH_MAX, "a file that includes itself comes to an end");
	for (size_t i = 0; i < s.count && i < 4; i++)
		str_addf(&got, "%s ", s.dirs[i]);
	is_str(got.s, "/first /a /b /last ", "ld.so.conf with includes");
	elf_search_release(&s);
	elf_search_init(&s, true);
	ok(s.count >= 1, "musl's directories");
	elf_search_release(&s);
}

static unsigned long random_state = 88172645463325252UL;

static size_t below(size_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return n ? (size_t)(random_state >> 11) % n : 0;
}

/* Damages what is read of an ELF file: header, program headers, the dynamic section, the tables. */
static size_t damage(const struct str *good, char *bytes)
{
	Elf64_Ehdr h;
	Elf64_Phdr dynamic = { .p_type = PT_NULL };
	size_t len = good->len;

	memcpy(bytes, good->s, len);
	memcpy(&h, good->s, sizeof(h));
	for (unsigned i = 0; i < h.e_phnum && dynamic.p_type != PT_DYNAMIC; i++)
		memcpy(&dynamic, good->s + h.e_phoff + i * sizeof(dynamic), sizeof(dynamic));
	for (size_t n = 1 + below(4); n; n--) {
		const size_t where[] = { below(1024), dynamic.p_offset + below(dynamic.p_filesz),
			                 below(6000), below(len) };
		size_t at = where[below(4)];

		if (at >= len)
			continue;
		if (below(3))
			bytes[at] ^= (char)(1 << below(8));
		else
			bytes[at] = (char)(below(2) ? 0xff : below(256));
	}
	return below(16) ? len : below(len);
}

/* Any answer is right for a damaged file, as long as there is one. */
static void fuzz(const char *from, unsigned rounds)
{
	CLEANUP(str_release) struct str good = { .s = NULL };
	CLEANUP(mem_freep) char *path = mem_printf("%s/app/fuzz", dir); /* for its $ORIGIN */
	CLEANUP(mem_freep) char *bytes = NULL;
	unsigned fine = 0, rejected = 0, lacking = 0;
	struct err e;

	if (file_read(&e, from, 64 << 20, &good) < 0)
		abort();
	bytes = mem_alloc(good.len);
	for (unsigned i = 0; i < rounds; i++) {
		size_t len = damage(&good, bytes);
		FILE *f = fopen(path, "w");
		enum elf_kind kind;

		if (!f || fwrite(bytes, 1, len, f) != len || fclose(f) != 0)
			abort();
		if (check(&e, path, path, NULL, &kind) == 0)
			fine++;
		else if (e.code == ERR_REJECTED)
			rejected++;
		else
			lacking++;
	}
	ok(fine + rejected + lacking == rounds,
	   "%s: %u damaged files, %u still fine, %u malformed, %u need what is not there",
	   file_base(from), rounds, fine, rejected, lacking);
}

int main(int argc, char **argv)
{
	/* more than a test run wants: test_elf ROUNDS */
	unsigned rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 500;
	struct err e;

	if (!mkdtemp(dir))
		return 1;
	test_kinds();
	test_machines();
	test_libraries();
	test_loader();
	test_together();
	test_search();
	{
		CLEANUP(mem_freep) char *program = mem_printf("%s/app/runpath", dir);
		CLEANUP(mem_freep) char *library = mem_printf("%s/new/libv.so.1", dir);

		fuzz(program, rounds);
		fuzz(library, rounds);
		fuzz("/bin/ls", rounds);
	}
	ok(file_remove_tree(&e, dir) == 0, "cleaned up");
	return done_testing();
}
