/* SPDX-License-Identifier: MIT */
#include "oci/credential_helper.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "codec/json.h"
#include "os/process.h"

#define NAME_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"
#define NOT_FOUND "credentials not found in native keychain"
#define WORDS_MAX 200 /* characters of what a failing helper says */

extern char **environ;

static const char *const passed_on[] = {
	"AWS_*=*",       "AZURE_*=*",          "CLOUDSDK_*=*", "GOOGLE_*=*",
	"GNUPGHOME=*",   "PASSWORD_STORE_*=*", "XDG_*=*",      "DBUS_SESSION_BUS_ADDRESS=*",
	"SSL_CERT_*=*",  "HTTP_PROXY=*",       "http_proxy=*", "HTTPS_PROXY=*",
	"https_proxy=*", "ALL_PROXY=*",        "all_proxy=*",  "NO_PROXY=*",
	"no_proxy=*",
};

/* ---- names ---- */

static const char *name_of(const char *entry)
{
	const char *slash = strrchr(entry, '/');

	return slash ? slash + 1 + strlen(CREDENTIAL_HELPER_PREFIX) : entry;
}

bool credential_helper_valid(const char *entry)
{
	const char *name;

	if (strchr(entry, '/') &&
	    (*entry != '/' || !str_starts(strrchr(entry, '/') + 1, CREDENTIAL_HELPER_PREFIX)))
		return false;
	name = name_of(entry);
	return *name && *name != '.' && *name != '-' && strspn(name, NAME_CHARS) == strlen(name);
}

const char *credential_helper_allowed(const char *const *list, const char *name)
{
	for (; list && *list; list++)
		if (strcmp(name_of(*list), name) == 0)
			return *list;
	return NULL;
}

/* The caller frees. NULL: there is none. */
static char *find_program(const char *entry)
{
	CLEANUP(mem_freep) char *dirs = mem_dup(CREDENTIAL_HELPER_PATH);
	char *rest = NULL;

	if (*entry == '/')
		return access(entry, X_OK) == 0 ? mem_dup(entry) : NULL;
	for (char *dir = strtok_r(dirs, ":", &rest); dir; dir = strtok_r(NULL, ":", &rest)) {
		char *path = mem_printf("%s/" CREDENTIAL_HELPER_PREFIX "%s", dir, entry);

		if (access(path, X_OK) == 0)
			return path;
		free(path);
	}
	return NULL;
}

/* ---- running it ---- */

static bool is_passed_on(const char *variable)
{
	for (size_t i = 0; i < sizeof(passed_on) / sizeof(*passed_on); i++)
		if (str_match(passed_on[i], variable))
			return true;
	return false;
}

/* Its strings are ours, but for `home`. The caller frees the array. */
static const char **environment(const char *home)
{
	const char **ret;
	int count = 0, n = 0;

	while (environ[count])
		count++;
	ret = mem_alloc(sizeof(*ret) * (size_t)(count + 3));
	ret[n++] = "PATH=" CREDENTIAL_HELPER_PATH;
	ret[n++] = home;
	for (char **v = environ; *v; v++)
		if (is_passed_on(*v))
			ret[n++] = *v;
	return ret;
}

void secret_release(struct secret *s)
{
	if (s->password)
		explicit_bzero(s->password, strlen(s->password));
	free(s->username);
	free(s->password);
	*s = (struct secret){ 0 };
}

/* A unit of systemd has no HOME. */
static int run(struct err *e, const char *program, const char *server, int *ret_status,
               struct str *ret)
{
	const char *home = getenv("HOME");
	CLEANUP(mem_freep) char *home_line = mem_printf("HOME=%s", home && *home ? home : "/root");
	CLEANUP(mem_freep) const char **env = environment(home_line);
	const char *const argv[] = { program, "get", NULL };
	struct process p = {
		.argv = argv,
		.env = env,
		.timeout_ms = CREDENTIAL_HELPER_MS,
		.input = server,
		.input_len = strlen(server),
		.output_max = CREDENTIAL_HELPER_OUTPUT_MAX,
	};

	if (process_ask(e, &p, ret_status, ret) == 0)
		return 0;
	e->code = ERR_RETRY;
	return err_wrap(e, "credential helper for '%s'", server);
}

static void cut_blanks(struct str *s)
{
	while (s->len && strchr(" \t\r\n", s->s[s->len - 1]))
		s->s[--s->len] = '\0';
}

/* It tells its errors on stdout. What could be an answer is not repeated: a secret may be in it. */
static int failed(struct err *e, const char *program, const char *server, int status,
                  const struct str *said)
{
	bool text =
		said->s && said->len && strlen(said->s) == said->len && !strchr("{[\"", *said->s);
	size_t len = text ? strcspn(said->s, "\r\n") : 0;

	return err_set(e, ERR_RETRY, "credential helper '%s' fails for '%s' (status %d)%s%.*s",
	               program, server, status, len ? ": " : "",
	               (int)(len > WORDS_MAX ? WORDS_MAX : len), len ? said->s : "");
}

static int read_answer(struct err *e, const char *program, const struct str *said,
                       struct secret *ret)
{
	struct json *answer = NULL;
	const char *username, *secret;
	struct err ignored; /* it may quote what is secret */
	bool good = json_parse(&ignored, ERR_RETRY, "", said->s, said->len, &answer) == 0;

	username = good ? json_str(answer, "Username") : NULL;
	secret = good ? json_str(answer, "Secret") : NULL;
	good = username && secret && strlen(secret) <= AUTH_TOKEN_MAX;
	if (good && (*username || *secret)) {
		ret->username = mem_dup(username);
		ret->password = mem_dup(secret);
	}
	json_wipe(answer);
	json_free(answer);
	if (good)
		return 0;
	return err_set(e, ERR_RETRY, "credential helper '%s' answers with something that is none",
	               program);
}

int credential_helper_get(struct err *e, const char *entry, const char *server, struct secret *ret)
{
	CLEANUP(mem_freep) char *program = find_program(entry);
	CLEANUP(str_wipe) struct str said = { 0 };
	int status, result = 0;

	*ret = (struct secret){ 0 };
	if (!program)
		return err_set(e, ERR_PRECHECK, "no credential helper '%s%s' in %s",
		               *entry == '/' ? "" : CREDENTIAL_HELPER_PREFIX, entry,
		               *entry == '/' ? "that place" : CREDENTIAL_HELPER_PATH);
	if (run(e, program, server, &status, &said) < 0)
		return -1;
	cut_blanks(&said);
	if (status == 0)
		result = read_answer(e, program, &said, ret);
	else if (strcmp(said.s ? said.s : "", NOT_FOUND) != 0)
		result = failed(e, program, server, status, &said);
	return result;
}
