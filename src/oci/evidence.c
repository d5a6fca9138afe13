/* SPDX-License-Identifier: MIT */
#include "oci/evidence.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "base/hex.h"
#include "base/mem.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "os/file.h"

#define DIR_MODE 0700
#define FILE_MODE 0600
#define PREFIX "sha256-"
#define SUFFIX ".json"
#define HEX_LEN 64
/* base64 of the largest document, and room for the rest */
#define EVIDENCE_MAX (SIGNATURE_DOCUMENT_MAX / 3 * 4 + 64 * 1024)

static char *path_of(const char *dir, const struct digest *top)
{
	char hex[DIGEST_TEXT_MAX];

	return mem_printf("%s/" PREFIX "%s" SUFFIX, dir, digest_hex(top, hex));
}

int evidence_save(struct err *e, const char *dir, const struct digest *top,
                  const struct signature *s)
{
	CLEANUP(mem_freep) char *path = path_of(dir, top), *text = NULL;
	CLEANUP(json_freep) struct json *doc = json_object();
	CLEANUP(str_release) struct str document = { 0 };

	base64_encode(s->document.s, s->document.len, &document);
	json_set_str(doc, "format", signature_format_name(s->format));
	json_set_str(doc, "document", document.s);
	json_set_str(doc, "signature", s->value);
	text = json_print(doc);
	if (file_mkdirs(e, dir, DIR_MODE) < 0)
		return -1;
	return file_replace(e, path, text, strlen(text), FILE_MODE);
}

static int read_evidence(struct err *e, const char *path, const struct str *text,
                         struct signature *ret)
{
	CLEANUP(json_freep) struct json *doc = NULL;
	struct json_reader r = { ERR_REJECTED, path };
	const char *format, *document, *value = NULL;

	if (json_parse(e, r.code, path, text->s ? text->s : "", text->len, &doc) < 0 ||
	    json_need_str(e, &r, doc, "format", &format) < 0 ||
	    json_need_str(e, &r, doc, "document", &document) < 0)
		return -1;
	if (!signature_format_parse(format, &ret->format))
		return err_set(e, r.code, "%s: '%.20s' is not a format", path, format);
	if (ret->format == SIGNATURE_CLASSIC && json_need_str(e, &r, doc, "signature", &value) < 0)
		return -1;
	if (!base64_decode(document, &ret->document))
		return err_set(e, r.code, "%s: key 'document' is not base64", path);
	ret->value = value ? mem_dup(value) : NULL;
	return 0;
}

int evidence_load(struct err *e, const char *dir, const struct digest *top, struct signature *ret,
                  bool *ret_found)
{
	CLEANUP(mem_freep) char *path = path_of(dir, top);
	CLEANUP(str_release) struct str text = { 0 };

	*ret = (struct signature){ 0 };
	*ret_found = false;
	if (file_read(e, path, EVIDENCE_MAX, &text) < 0) {
		if (e->sys == ENOENT)
			return 0;
		e->code = ERR_REJECTED;
		return -1;
	}
	if (read_evidence(e, path, &text, ret) < 0) {
		signature_release(ret);
		return -1;
	}
	*ret_found = true;
	return 0;
}

/* The image that a name stands for; false: it is none that we gave. */
static bool parse_name(const char *name, struct digest *ret)
{
	*ret = (struct digest){ .algorithm = DIGEST_SHA256 };
	return strlen(name) == strlen(PREFIX) + HEX_LEN + strlen(SUFFIX) &&
	       str_starts(name, PREFIX) && str_ends(name, SUFFIX) &&
	       hex_decode(name + strlen(PREFIX), HEX_LEN / 2, ret->bytes);
}

int evidence_prune(struct err *e, const char *dir, const struct store *s)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	struct digest top;
	int failed = 0;

	if (!d)
		return errno == ENOENT ? 0 : err_sys(e, "cannot list '%s'", dir);
	while (failed == 0 && (entry = readdir(d))) {
		CLEANUP(mem_freep) char *path = mem_printf("%s/%s", dir, entry->d_name);

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    (parse_name(entry->d_name, &top) && store_has(s, &top, -1)))
			continue;
		failed = file_remove(e, path);
	}
	closedir(d);
	return failed;
}
