/* SPDX-License-Identifier: MIT */
#include "upgrade/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "net/trust.h"
#include "os/file.h"

#define FILE_MAX (1024 * 1024)
#define BUNDLE_MAX (8 * 1024 * 1024)
#define ENVIRON_MAX (1024 * 1024)
#define IMAGE_ROOTS "/etc/ssl/certs/ca-certificates.crt"

static const char *const variables[] = { "HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy",
	                                 "ALL_PROXY",  "all_proxy",  "NO_PROXY",    "no_proxy" };

/* ---- collecting ---- */

struct source {
	int root; /* the directory that is "/" to the process */
	char cwd[4096];
	struct str environ; /* NAME=VALUE, each with its NUL */
};

static void source_release(struct source *s)
{
	mem_closep(&s->root);
	str_release(&s->environ);
}

static int source_open(struct err *e, pid_t pid, struct source *ret)
{
	CLEANUP(mem_freep) char *root = pid ? mem_printf("/proc/%d/root", (int)pid) : mem_dup("/");
	CLEANUP(mem_freep)
	char *environ =
		pid ? mem_printf("/proc/%d/environ", (int)pid) : mem_dup("/proc/self/environ");
	CLEANUP(mem_freep)
	char *cwd = pid ? mem_printf("/proc/%d/cwd", (int)pid) : mem_dup("/proc/self/cwd");

	ret->root = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (ret->root < 0)
		return err_sys(e, "cannot see the files of the container at '%s'", root);
	if (readlink(cwd, ret->cwd, sizeof(ret->cwd) - 1) < 0)
		ret->cwd[0] = '\0';
	return file_read(e, environ, ENVIRON_MAX, &ret->environ);
}

static const char *variable(const struct source *s, const char *name)
{
	size_t len = strlen(name);

	for (size_t at = 0; at < s->environ.len; at += strlen(s->environ.s + at) + 1) {
		const char *entry = s->environ.s + at;

		if (strncmp(entry, name, len) == 0 && entry[len] == '=' && entry[len + 1])
			return entry + len + 1;
	}
	return NULL;
}

/* A link in it leads to a file of the container, never to one of ours. */
static int open_inside(const struct source *s, const char *path)
{
	struct open_how how = { .flags = O_RDONLY | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT };
	int fd = (int)syscall(SYS_openat2, s->root, path, &how, sizeof(how));

	/* Kernels before 5.6. The owner of the engine's socket may read what we may. */
	if (fd < 0 && errno == ENOSYS) {
		while (*path == '/')
			path++;
		fd = openat(s->root, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	}
	return fd;
}

/* *ret_there is false when there is no such file; that is an error only where it was named. */
static int add_file(struct err *e, const struct source *s, struct json *files, const char *key,
                    const char *path, bool named)
{
	CLEANUP(mem_freep)
	char *full = path[0] == '/' ? mem_dup(path) : mem_printf("%s/%s", s->cwd, path);
	CLEANUP(mem_closep) int fd = open_inside(s, full);
	CLEANUP(mem_freep) char *link = NULL;
	CLEANUP(str_release) struct str text = { 0 };

	if (fd < 0 && !named)
		return 0;
	if (fd < 0) {
		err_sys(e, "cannot read '%s'", path);
		e->code = ERR_USAGE;
		return -1;
	}
	link = mem_printf("/proc/self/fd/%d", fd);
	if (file_read(e, link, FILE_MAX, &text) < 0)
		return err_wrap(e, "'%s'", path);
	json_set_str(files, key, text.s ? text.s : "");
	return 0;
}

static int add_docker_config(struct err *e, const struct settings *s, const struct source *source,
                             struct json *files)
{
	const char *dir = variable(source, "DOCKER_CONFIG"), *home = variable(source, "HOME");
	CLEANUP(mem_freep) char *path = NULL;

	if (s->docker_config)
		return add_file(e, source, files, "docker_config", s->docker_config, true);
	if (dir)
		path = mem_printf("%s/config.json", dir);
	else
		path = mem_printf("%s/.docker/config.json", home ? home : "");
	if (add_file(e, source, files, "docker_config", path, false) < 0)
		return -1;
	/* An image without /etc/passwd has HOME=/, but people mount it where root's home is. */
	if (!json_get(files, "docker_config"))
		return add_file(e, source, files, "docker_config", "/root/.docker/config.json",
		                false);
	return 0;
}

static int add_files(struct err *e, const struct settings *s, const struct source *source,
                     struct json *files)
{
	const char *roots = variable(source, "SSL_CERT_FILE");

	if (s->ca_file && add_file(e, source, files, "ca_file", s->ca_file, true) < 0)
		return -1;
	if (s->profile_file &&
	    add_file(e, source, files, "profile_file", s->profile_file, true) < 0)
		return -1;
	if (add_file(e, source, files, "roots", roots ? roots : IMAGE_ROOTS, roots != NULL) < 0)
		return -1;
	return add_docker_config(e, s, source, files);
}

int bundle_collect(struct err *e, const struct settings *s, pid_t pid, const struct json *followers,
                   struct json **ret)
{
	CLEANUP(source_release) struct source source = { .root = -1 };
	CLEANUP(json_freep) struct json *bundle = json_object();
	struct json *files = json_object(), *environment = json_object();

	json_set(bundle, "files", files);
	json_set(bundle, "environment", environment);
	json_set(bundle, "followers", json_copy(followers));
	if (source_open(e, pid, &source) < 0 || add_files(e, s, &source, files) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
		json_set_str(environment, variables[i], variable(&source, variables[i]));
	*ret = STEAL(bundle);
	return 0;
}

/* ---- applying ---- */

/* A file that exists as long as this process does. */
static int file_of(struct err *e, const char *name, const char *text, const char **ret)
{
	int fd = memfd_create(name, 0);

	if (fd < 0)
		return err_sys(e, "cannot create a file in memory");
	if (file_write_all(e, fd, name, text, strlen(text)) < 0) {
		close(fd);
		return -1;
	}
	*ret = mem_printf("/proc/self/fd/%d", fd);
	return 0;
}

static int apply_file(struct err *e, const struct json *files, const char *key, const char **field)
{
	const char *text = json_str(files, key);

	return text ? file_of(e, key, text, field) : 0;
}

/* The roots that the image brings are for hosts that have none. */
static int apply_roots(struct err *e, const struct json *files)
{
	const char *path = NULL;

	if (trust_system_bundle() || apply_file(e, files, "roots", &path) < 0)
		return trust_system_bundle() ? 0 : -1;
	if (path)
		setenv("SSL_CERT_FILE", path, 1);
	return 0;
}

int bundle_apply(struct err *e, const struct json *bundle, struct settings *s)
{
	const struct json *files = json_get(bundle, "files");
	const struct json *followers = json_get(bundle, "followers");
	const char **ids = mem_alloc(sizeof(*ids) * (size_t)(json_length(followers) + 1));
	int count = 0;

	for (const struct json *v = json_first(followers); v; v = json_next(v))
		ids[count++] = json_string(v);
	s->followers = ids;
	for (const struct json *v = json_first(json_get(bundle, "environment")); v;
	     v = json_next(v))
		setenv(json_key(v), json_string(v), 1);
	if (apply_file(e, files, "ca_file", &s->ca_file) < 0 ||
	    apply_file(e, files, "docker_config", &s->docker_config) < 0 ||
	    apply_file(e, files, "profile_file", &s->profile_file) < 0)
		return -1;
	return apply_roots(e, files);
}

int bundle_read(struct err *e, struct json **ret)
{
	CLEANUP(str_release) struct str text = { 0 };

	if (file_read(e, "/dev/stdin", BUNDLE_MAX, &text) < 0)
		return -1;
	return json_parse(e, ERR_USAGE, "what was handed over", text.s ? text.s : "", text.len,
	                  ret);
}
