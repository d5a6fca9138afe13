/* SPDX-License-Identifier: MIT */
/*
 * listing: what lies below directories, for an emulated machine, where there is no Python to ask.
 *
 *	listing DIR...
 *
 * A line each, with tabs between: mode (octal, with the type), owner, group, path, the target of
 * a link, and every extended attribute as NAME=HEX.
 */
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

static void show_attributes(const char *path)
{
	char names[4096], value[4096];
	ssize_t len = llistxattr(path, names, sizeof(names));

	for (const char *name = names; len > 0 && name < names + len; name += strlen(name) + 1) {
		ssize_t size = lgetxattr(path, name, value, sizeof(value));

		printf("\t%s=", name);
		for (ssize_t i = 0; i < size; i++)
			printf("%02x", (unsigned char)value[i]);
	}
}

static int show(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	char target[4096] = "";

	(void)type;
	if (ftw->level == 0)
		return 0;
	if (S_ISLNK(st->st_mode) && readlink(path, target, sizeof(target) - 1) < 0)
		return -1;
	printf("%o\t%u\t%u\t%s\t%s", st->st_mode, st->st_uid, st->st_gid, path, target);
	show_attributes(path);
	putchar('\n');
	return 0;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (nftw(argv[i], show, 16, FTW_PHYS) != 0)
			return 1;
	return fflush(stdout) == 0 ? 0 : 1;
}
