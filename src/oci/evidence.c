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

static char *path_of(const char *dir, const struct digest *top)
{
	char hex[DIGEST_TEXT_MAX];

	return mem_printf("%s/" PREFIX "%s" SUFFIX, dir, digest_hex(top, hex));
}

static struct json *to_json(const struct signature *s)
{
	CLEANUP(str_release) struct str document = { 0 };
	struct json *o = json_object();

	base64_encode(s->document.s, s->document.len, &document);
	json_set_str(o, "format", signature_format_name(s->format));
	json_set_str(o, "document", document.s);
	json_set_str(o, "signature", s->value);
	return o;
}

int evidence_save(struct err *e, const char *dir, const struct digest *top,
                  const struct signature_list *l)
{
	CLEANUP(mem_freep) char *path = path_of(dir, top), *text = NULL;
	CLEANUP(json_freep) struct json *doc = json_object();
	struct json *list = json_array();

	for (int i = 0; i < l->count; i++)
		json_push(list, to_json(&l->items[i]));
	json_set(doc, "signatures", list);
	text = json_print(doc);
	if (strlen(text) > EVIDENCE_MAX)
		return err_set(e, ERR_REJECTED, "its signatures have more than %d bytes in all",
		               EVIDENCE_MAX);
	if (file_mkdirs(e, dir, DIR_MODE) < 0)
		return -1;
	return file_replace(e, path, text, strlen(text), FILE_MODE);
}

static int read_signature(struct err *e, const struct json_reader *r, const struct json *v,
                          struct signature_list *ret)
{
	const char *format, *document, *value = NULL;
	enum signature_format f;
	struct signature *s;

	if (!json_is_object(v))
		return err_set(e, r->code, "%s: a signature is not an object", r->name);
	if (json_need_str(e, r, v, "format", &format) < 0 ||
	    json_need_str(e, r, v, "document", &document) < 0)
		return -1;
	if (!signature_format_parse(format, &f))
		return err_set(e, r->code, "%s: '%.20s' is not a format", r->name, format);
	if (f == SIGNATURE_CLASSIC && json_need_str(e, r, v, "signature", &value) < 0)
		return -1;
	s = signature_list_add(ret, f);
	s->value = value ? mem_dup(value) : NULL;
	if (!base64_decode(document, &s->document))
		return err_set(e, r->code, "%s: key 'document' is not base64", r->name);
	return 0;
}

static int read_evidence(struct err *e, const char *path, const struct str *text,
                         struct signature_list *ret)
{
	CLEANUP(json_freep) struct json *doc = NULL;
	struct json_reader r = { ERR_REJECTED, path };
	const struct json *list;

	if (json_parse(e, r.code, path, text->s ? text->s : "", text->len, &doc) < 0 ||
	    json_need_array(e, &r, doc, "signatures", &list) < 0)
		return -1;
	if (json_length(list) > 2 * SIGNATURES_MAX)
		return err_set(e, r.code, "%s: more than %d signatures", path, 2 * SIGNATURES_MAX);
	for (const struct json *v = json_first(list); v; v = json_next(v))
		if (read_signature(e, &r, v, ret) < 0)
			return -1;
	return 0;
}

int evidence_load(struct err *e, const char *dir, const struct digest *top,
                  struct signature_list *ret)
{
	CLEANUP(mem_freep) char *path = path_of(dir, top);
	CLEANUP(str_release) struct str text = { 0 };

	*ret = (struct signature_list){ 0 };
	if (file_read(e, path, EVIDENCE_MAX, &text) < 0) {
		if (e->sys == ENOENT)
			return 0;
		e->code = ERR_REJECTED;
		return -1;
	}
	if (read_evidence(e, path, &text, ret) == 0)
		return 0;
	signature_list_release(ret);
	return -1;
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
