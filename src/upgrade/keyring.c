/* SPDX-License-Identifier: MIT */
#include "upgrade/keyring.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "os/file.h"

#define KEY_SUFFIX ".pem"

static int add_key(struct err *e, struct keyring *k, const char *name)
{
	CLEANUP(mem_freep) char *path = mem_printf("%s/%s", k->dir, name);
	CLEANUP(str_release) struct str text = { 0 };
	struct pubkey *key;

	if (!str_ends(name, KEY_SUFFIX))
		return err_set(
			e, ERR_USAGE,
			"%s: not a key that is looked at: its name must end with " KEY_SUFFIX,
			path);
	if (k->count == KEYRING_KEYS_MAX)
		return err_set(e, ERR_USAGE, "%s: more than %d keys", k->dir, KEYRING_KEYS_MAX);
	if (file_read(e, path, PUBKEY_PEM_MAX, &text) < 0) {
		e->code = ERR_USAGE;
		return -1;
	}
	if (strlen(text.s ? text.s : "") != text.len)
		return err_set(e, ERR_USAGE, "%s: contains a NUL byte", path);
	if (pubkey_parse(e, path, text.s ? text.s : "", &key) < 0)
		return -1;
	k->keys = mem_grow(k->keys, (size_t)k->count + 1, sizeof(*k->keys));
	k->names = mem_grow(k->names, (size_t)k->count + 1, sizeof(*k->names));
	k->keys[k->count] = key;
	k->names[k->count++] = mem_dup(name);
	return 0;
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int keyring_open(struct err *e, const char *config_dir, struct keyring *ret)
{
	CLEANUP(keyring_release) struct keyring k = { .dir = mem_printf("%s/keys", config_dir) };
	struct dirent **entries = NULL;
	int count, failed = 0;

	count = scandir(k.dir, &entries, is_visible, alphasort);
	if (count < 0 && errno != ENOENT) {
		err_sys(e, "cannot list '%s'", k.dir);
		e->code = ERR_USAGE;
		return -1;
	}
	for (int i = 0; i < count; i++) {
		if (failed == 0)
			failed = add_key(e, &k, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	if (failed < 0)
		return -1;
	*ret = k;
	k = (struct keyring){ 0 };
	return 0;
}

void keyring_release(struct keyring *k)
{
	for (int i = 0; i < k->count; i++) {
		pubkey_free(k->keys[i]);
		free(k->names[i]);
	}
	free(k->keys);
	free(k->names);
	free(k->dir);
	*k = (struct keyring){ 0 };
}

int keyring_find(const struct keyring *k, const char *name)
{
	for (int i = 0; i < k->count; i++)
		if (strcmp(k->names[i], name) == 0)
			return i;
	return -1;
}
