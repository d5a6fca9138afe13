/* SPDX-License-Identifier: MIT */
#include "host/elf_file.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

static const struct {
	unsigned machine;
	bool wide;
	const char *name;
} machines[] = {
	{ EM_X86_64, true, "x86_64" }, { EM_X86_64, false, "x32" }, { EM_AARCH64, true, "aarch64" },
	{ EM_ARM, false, "arm" },      { EM_386, false, "i386" },   { EM_RISCV, true, "riscv64" },
	{ EM_PPC64, true, "ppc64" },   { EM_S390, true, "s390x" },
};

#if defined(__x86_64__)
#define NATIVE_MACHINE EM_X86_64
#elif defined(__aarch64__)
#define NATIVE_MACHINE EM_AARCH64
#else
#error "say which ELF machine this is"
#endif

static const char *machine_name(unsigned machine, bool wide)
{
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++) {
		if (machines[i].machine == machine && machines[i].wide == wide)
			return machines[i].name;
	}
	return "an unknown machine";
}

const char *elf_file_machine(const struct elf_file *f)
{
	return machine_name(f->machine, f->wide);
}

const char *elf_native_machine(void)
{
	return machine_name(NATIVE_MACHINE, true);
}

bool elf_file_is_native(const struct elf_file *f)
{
	return f->wide && f->machine == NATIVE_MACHINE;
}

/* A reading. `wrong` is the first thing that was wrong; all that is read after it is zero or "". */
struct reader {
	struct elf_file *f;
	const char *wrong;
	uint64_t ph_at;
	unsigned ph_count;
	uint64_t strings_at, strings_size;
};

static uint64_t get(struct reader *r, uint64_t at, size_t width)
{
	uint64_t v = 0;

	if (at > r->f->size || width > r->f->size - at) {
		if (!r->wrong)
			r->wrong = "an offset is outside of the file";
		return 0;
	}
	for (size_t i = 0; i < width; i++)
		v |= (uint64_t)r->f->map[at + i] << 8 * i;
	return v;
}

/* The member of an ELF structure that begins at `at`, in the layout of the file's class. */
#define GET(r, at, type, member) \
	((r)->f->wide ? get(r, (at) + offsetof(Elf64_##type, member), \
	                    sizeof(((Elf64_##type *)0)->member)) \
	              : get(r, (at) + offsetof(Elf32_##type, member), \
	                    sizeof(((Elf32_##type *)0)->member)))
#define SIZE(r, type) ((r)->f->wide ? sizeof(Elf64_##type) : sizeof(Elf32_##type))

static void wrong(struct reader *r, const char *what)
{
	if (!r->wrong)
		r->wrong = what;
}

/* A NUL-terminated string somewhere in `size` bytes at `at`. */
static const char *string_within(struct reader *r, uint64_t at, uint64_t size)
{
	if (at > r->f->size || size > r->f->size - at || !size ||
	    !memchr(r->f->map + at, '\0', (size_t)size)) {
		wrong(r, "a string has no end");
		return "";
	}
	return (const char *)r->f->map + at;
}

static const char *string(struct reader *r, uint64_t offset)
{
	if (offset >= r->strings_size) {
		wrong(r, "a string is outside of the string table");
		return "";
	}
	return string_within(r, r->strings_at + offset, r->strings_size - offset);
}

/* The address that a file's content gets in memory -> where it is in the file. */
static bool locate(struct reader *r, uint64_t address, uint64_t *ret)
{
	for (unsigned i = 0; i < r->ph_count; i++) {
		uint64_t ph = r->ph_at + i * SIZE(r, Phdr);
		uint64_t start = GET(r, ph, Phdr, p_vaddr);

		if (GET(r, ph, Phdr, p_type) != PT_LOAD || address < start ||
		    address - start >= GET(r, ph, Phdr, p_filesz))
			continue;
		*ret = address - start + GET(r, ph, Phdr, p_offset);
		/* Every later read checks its own bounds; this only names the mistake early. */
		if (*ret < r->f->size)
			return true;
		break;
	}
	wrong(r, "an address is in no segment of the file");
	return false;
}

static bool full(struct reader *r, size_t count)
{
	if (count < ELF_FILE_NAMES_MAX)
		return false;
	wrong(r, "a list has too many entries");
	return true;
}

static void add_version(struct reader *r, struct elf_version **list, size_t *count,
                        struct elf_version v)
{
	if (r->wrong || full(r, *count))
		return;
	if ((*count & (*count - 1)) == 0) /* grows at every power of two */
		*list = mem_grow(*list, *count ? 2 * *count : 1, sizeof(**list));
	(*list)[(*count)++] = v;
}

/* The layouts of these structures are the same in both classes. */
static void read_needs(struct reader *r, uint64_t at, uint64_t count)
{
	while (count-- && !r->wrong) {
		uint64_t aux = at + get(r, at + offsetof(Elf64_Verneed, vn_aux), 4);
		uint64_t aux_count = get(r, at + offsetof(Elf64_Verneed, vn_cnt), 2);
		uint64_t next = get(r, at + offsetof(Elf64_Verneed, vn_next), 4);
		const char *library = string(r, get(r, at + offsetof(Elf64_Verneed, vn_file), 4));

		while (aux_count-- && !r->wrong) {
			uint64_t aux_next = get(r, aux + offsetof(Elf64_Vernaux, vna_next), 4);
			uint64_t flags = get(r, aux + offsetof(Elf64_Vernaux, vna_flags), 2);
			struct elf_version v = {
				.library = library,
				.name = string(r,
				               get(r, aux + offsetof(Elf64_Vernaux, vna_name), 4)),
				.weak = flags & VER_FLG_WEAK,
			};

			add_version(r, &r->f->needs, &r->f->needs_count, v);
			if (!aux_next)
				break;
			aux += aux_next;
		}
		if (!next)
			break;
		at += next;
	}
}

static void read_defines(struct reader *r, uint64_t at, uint64_t count)
{
	while (count-- && !r->wrong) {
		uint64_t aux = at + get(r, at + offsetof(Elf64_Verdef, vd_aux), 4);
		uint64_t next = get(r, at + offsetof(Elf64_Verdef, vd_next), 4);
		struct elf_version v = {
			.name = string(r, get(r, aux + offsetof(Elf64_Verdaux, vda_name), 4)),
		};

		add_version(r, &r->f->defines, &r->f->defines_count, v);
		if (!next)
			break;
		at += next;
	}
}

/* Calls for each entry of the dynamic section, up to its end mark. */
static void each_dynamic(struct reader *r, uint64_t at, uint64_t size,
                         void (*fn)(struct reader *r, uint64_t tag, uint64_t value))
{
	for (size_t n = 0; size >= SIZE(r, Dyn) && !r->wrong; size -= SIZE(r, Dyn), n++) {
		uint64_t tag = GET(r, at, Dyn, d_tag);

		if (tag == DT_NULL || full(r, n))
			return;
		fn(r, tag, GET(r, at, Dyn, d_un.d_val));
		at += SIZE(r, Dyn);
	}
}

static void on_strings(struct reader *r, uint64_t tag, uint64_t value)
{
	if (tag == DT_STRTAB)
		locate(r, value, &r->strings_at);
	if (tag == DT_STRSZ)
		r->strings_size = value;
}

static void on_name(struct reader *r, uint64_t tag, uint64_t value)
{
	struct elf_file *f = r->f;

	if (tag == DT_SONAME)
		f->soname = string(r, value);
	if (tag == DT_RPATH)
		f->rpath = string(r, value);
	if (tag == DT_RUNPATH)
		f->runpath = string(r, value);
	if (tag != DT_NEEDED || full(r, f->needed_count))
		return;
	if ((f->needed_count & (f->needed_count - 1)) == 0)
		f->needed = mem_grow(f->needed, f->needed_count ? 2 * f->needed_count : 1,
		                     sizeof(*f->needed));
	f->needed[f->needed_count++] = string(r, value);
}

/* DT_VERNEEDNUM and DT_VERDEFNUM only bound lists that end by themselves. */
static void on_versions(struct reader *r, uint64_t tag, uint64_t value)
{
	uint64_t at;

	if (tag == DT_VERNEED && locate(r, value, &at))
		read_needs(r, at, ELF_FILE_NAMES_MAX);
	if (tag == DT_VERDEF && locate(r, value, &at))
		read_defines(r, at, ELF_FILE_NAMES_MAX);
}

static void read_header(struct reader *r)
{
	r->ph_at = GET(r, 0, Ehdr, e_phoff);
	r->ph_count = (unsigned)GET(r, 0, Ehdr, e_phnum);
	r->f->type = (unsigned)GET(r, 0, Ehdr, e_type);
	r->f->machine = (unsigned)GET(r, 0, Ehdr, e_machine);
	if (r->f->size < SIZE(r, Ehdr))
		wrong(r, "it is shorter than its header");
	else if (r->ph_count > 65536 / SIZE(r, Phdr)) /* as much as the kernel reads */
		wrong(r, "it has too many program headers");
	else if (r->ph_count && GET(r, 0, Ehdr, e_phentsize) != SIZE(r, Phdr))
		wrong(r, "its program headers have an unknown size");
	else if (r->ph_at > r->f->size || r->ph_count > (r->f->size - r->ph_at) / SIZE(r, Phdr))
		wrong(r, "its program headers are outside of the file");
}

static void read_segments(struct reader *r)
{
	for (unsigned i = 0; i < r->ph_count && !r->wrong; i++) {
		uint64_t ph = r->ph_at + i * SIZE(r, Phdr);
		uint64_t type = GET(r, ph, Phdr, p_type);
		uint64_t at = GET(r, ph, Phdr, p_offset), size = GET(r, ph, Phdr, p_filesz);

		if (type != PT_LOAD && type != PT_DYNAMIC && type != PT_INTERP)
			continue;
		if (at > r->f->size || size > r->f->size - at) {
			wrong(r, "a segment is outside of the file");
			return;
		}
		if (type == PT_INTERP)
			r->f->interpreter = string_within(r, at, size);
		if (type != PT_DYNAMIC)
			continue;
		each_dynamic(r, at, size, on_strings);
		each_dynamic(r, at, size, on_name);
		each_dynamic(r, at, size, on_versions);
	}
}

static int map_file(struct err *e, const char *path, const char *name, struct elf_file *ret)
{
	CLEANUP(mem_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	void *map;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "cannot open '%s'", name);
	if (!S_ISREG(st.st_mode) || st.st_size < EI_NIDENT)
		return 0;
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return err_sys(e, "cannot map '%s'", name);
	ret->map = map;
	ret->size = (size_t)st.st_size;
	return 0;
}

int elf_file_read(struct err *e, const char *path, const char *name, struct elf_file *ret,
                  bool *ret_elf)
{
	CLEANUP(elf_file_release) struct elf_file f = { .map = NULL };
	struct reader r = { .f = &f };

	*ret_elf = false;
	*ret = (struct elf_file){ .map = NULL };
	if (map_file(e, path, name, &f) < 0)
		return -1;
	if (!f.map || memcmp(f.map, ELFMAG, SELFMAG) != 0)
		return 0;
	f.wide = f.map[EI_CLASS] == ELFCLASS64;
	if (f.map[EI_DATA] != ELFDATA2LSB)
		return err_set(e, ERR_REJECTED, "'%s' is for a big-endian machine, this node is %s",
		               name, elf_native_machine());
	if (!f.wide && f.map[EI_CLASS] != ELFCLASS32)
		wrong(&r, "its class is unknown");
	read_header(&r);
	/* Of other machines' files nothing more is of interest than that they are. */
	if (elf_file_is_native(&f))
		read_segments(&r);
	if (r.wrong)
		return err_set(e, ERR_REJECTED, "'%s' is a malformed ELF file: %s", name, r.wrong);
	*ret = f;
	f = (struct elf_file){ .map = NULL };
	*ret_elf = true;
	return 0;
}

void elf_file_release(struct elf_file *f)
{
	if (f->map)
		munmap((void *)(uintptr_t)f->map, f->size);
	free(f->needed);
	free(f->needs);
	free(f->defines);
	*f = (struct elf_file){ .map = NULL };
}
