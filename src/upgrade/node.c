/* SPDX-License-Identifier: MIT */
#include "upgrade/node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "os/file.h"

#define ENVIRON_MAX (1024 * 1024)
/* What systemd gives to a service that says nothing: systemd.exec(5), "$PATH". */
#define DEFAULT_SEARCH_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static const char *socket_of(const struct settings *s)
{
	return s->socket ? s->socket : engine_usual_socket();
}

int node_qualifies(struct err *e, const struct settings *s)
{
	if (geteuid() != 0)
		return err_set(e, ERR_PRECHECK,
		               "not root: an upgrade replaces programs of the system");
	if (!systemd_is_running())
		return err_set(e, ERR_PRECHECK, "no systemd here: it must be the init of the node");
	if (!socket_of(s))
		return err_set(e, ERR_PRECHECK,
		               "no engine here: there is no /run/docker.sock; "
		               "name its socket with --socket");
	return 0;
}

static bool is_follower(const struct settings *s, const struct container *c)
{
	for (int i = 0; s->followers && s->followers[i]; i++)
		if (strcmp(s->followers[i], c->id) == 0)
			return true;
	return false;
}

/* Those that were made to follow this run do not count as work of the node. */
static void drop_followers(const struct settings *s, struct container_list *l)
{
	int kept = 0;

	for (int i = 0; i < l->count; i++) {
		if (is_follower(s, &l->items[i]))
			container_release(&l->items[i]);
		else
			l->items[kept++] = l->items[i];
	}
	l->count = kept;
}

int node_open(struct err *e, const struct settings *s, struct node **ret)
{
	CLEANUP(node_freep) struct node *n = mem_alloc(sizeof(*n));
	CLEANUP(engine_closep) struct engine *g = NULL;

	if (node_qualifies(e, s) < 0)
		return -1;
	n->socket = mem_dup(socket_of(s));
	if (engine_open(e, n->socket, ENGINE_TIMEOUT_MS, &g) < 0 ||
	    engine_info(e, g, &n->engine) < 0 || engine_running(e, g, &n->running) < 0)
		return -1;
	if (n->engine.rootless)
		return err_set(e, ERR_PRECHECK,
		               "the engine at '%s' is rootless: it is not this node's", n->socket);
	drop_followers(s, &n->running);
	*ret = STEAL(n);
	return 0;
}

void node_free(struct node *n)
{
	if (!n)
		return;
	free(n->socket);
	engine_info_release(&n->engine);
	container_list_release(&n->running);
	free(n->units);
	free(n->search_path);
	free(n);
}

void node_freep(struct node **n)
{
	node_free(*n);
}

/* PATH in the environment of a running process; NULL when it has none. */
static char *path_of(pid_t pid)
{
	CLEANUP(str_release) struct str text = { 0 };
	char file[64];
	struct err e;

	snprintf(file, sizeof(file), "/proc/%d/environ", (int)pid);
	if (pid <= 0 || file_read(&e, file, ENVIRON_MAX, &text) < 0)
		return NULL;
	for (size_t at = 0; at < text.len; at += strlen(text.s + at) + 1)
		if (str_starts(text.s + at, "PATH="))
			return mem_dup(text.s + at + strlen("PATH="));
	return NULL;
}

/* The process that listens on a socket, or that opened it before the one that does: systemd. 0: not
 * known. */
static pid_t listener_of(const char *path)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	CLEANUP(mem_closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (fd < 0 || strlen(path) >= sizeof(name.sun_path))
		return 0;
	memcpy(name.sun_path, path, strlen(path));
	if (connect(fd, (const struct sockaddr *)&name, sizeof(name)) < 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return 0;
	return peer.pid;
}

/* Does the socket belong to a second process of the unit's program? It may well be a third party's
 * that passes everything on. */
static bool is_of_another(const struct node *n, const struct unit *u)
{
	pid_t pid = listener_of(n->socket);
	struct stat theirs, ours;
	char path[64];

	if (pid <= 1 || u->main_pid <= 0 || pid == u->main_pid)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	if (stat(path, &theirs) < 0)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)u->main_pid);
	return stat(path, &ours) == 0 && theirs.st_dev == ours.st_dev &&
	       theirs.st_ino == ours.st_ino;
}

int node_look_up_units(struct err *e, struct node *n, const char *const *names, int count)
{
	CLEANUP(mem_freep) struct unit *all = mem_alloc(sizeof(*all) * (size_t)(count + 1));

	if (systemd_query(e, names, count, all) < 0)
		return -1;
	n->units = mem_alloc(sizeof(*n->units) * (size_t)(count + 1));
	for (int i = 0; i < count; i++)
		if (all[i].loaded)
			n->units[n->unit_count++] = all[i];
	if (count && !n->unit_count)
		return err_set(e, ERR_PRECHECK,
		               "this node has no unit '%s', which is to be restarted",
		               names[count - 1]);
	for (int i = 0; i < n->unit_count; i++)
		if (strcmp(n->units[i].active, "active") != 0)
			return err_set(e, ERR_PRECHECK,
			               "unit '%s' is %s, not active: mend it first",
			               n->units[i].name, n->units[i].active);
	if (n->unit_count && is_of_another(n, &n->units[n->unit_count - 1]))
		return err_set(e, ERR_PRECHECK,
		               "the engine at '%s' is not that of unit '%s': name its socket "
		               "with --socket",
		               n->socket, n->units[n->unit_count - 1].name);
	if (n->unit_count)
		n->search_path = path_of(n->units[n->unit_count - 1].main_pid);
	if (!n->search_path)
		n->search_path = mem_dup(DEFAULT_SEARCH_PATH);
	return 0;
}

const struct unit *node_unit(const struct node *n, const char *name)
{
	for (int i = 0; name && i < n->unit_count; i++)
		if (strcmp(n->units[i].name, name) == 0)
			return &n->units[i];
	return NULL;
}

/* The file a name leads to in the end, so that a link stays a link. A name without a file stays
 * as it is, below what its directory leads to. */
static char *resolve(const char *path)
{
	CLEANUP(mem_freep) char *parent = NULL;
	CLEANUP(mem_freep) char *real = NULL;
	char *full = realpath(path, NULL);

	if (full)
		return full;
	parent = file_parent(path);
	real = realpath(parent, NULL);
	return mem_printf("%s/%s",
	                  !real                    ? parent
	                  : strcmp(real, "/") == 0 ? ""
	                                           : real,
	                  file_base(path));
}

static char *search(const char *path, const char *name)
{
	while (*path) {
		size_t len = strcspn(path, ":");
		CLEANUP(mem_freep) char *file = mem_printf("%.*s/%s", (int)len, path, name);
		struct stat st;

		if (path[0] == '/' && stat(file, &st) == 0 && S_ISREG(st.st_mode))
			return STEAL(file);
		path += len + (path[len] == ':');
	}
	return NULL;
}

static int locate_name(struct err *e, const struct node *n, const struct profile_file *f,
                       const char *name, char **ret)
{
	const struct unit *unit = node_unit(n, f->unit);
	CLEANUP(mem_freep) char *found = NULL;
	CLEANUP(mem_freep) char *beside = NULL;

	if (unit) {
		if (strcmp(file_base(unit->exec), name) != 0)
			return err_set(
				e, ERR_PRECHECK,
				"unit '%s' starts '%s', not %s: say in a profile where it is",
				unit->name, unit->exec, name);
		*ret = resolve(unit->exec);
		return 0;
	}
	found = search(n->search_path, name);
	if (!found) {
		if (!n->unit_count || n->units[n->unit_count - 1].exec[0] != '/')
			return err_set(e, ERR_PRECHECK,
			               "cannot tell where '%s' belongs on this node", name);
		beside = file_parent(n->units[n->unit_count - 1].exec);
		found = mem_printf("%s/%s", beside, name);
	}
	*ret = resolve(found);
	return 0;
}

int node_locate(struct err *e, const struct node *n, const struct profile_file *f, const char *from,
                char **ret)
{
	CLEANUP(mem_freep) char *path = NULL;

	if (!strchr(f->to, '/'))
		return locate_name(e, n, f, f->to[0] ? f->to : file_base(from), ret);
	path = str_ends(f->to, "/") ? mem_printf("%s%s", f->to, file_base(from)) : mem_dup(f->to);
	*ret = resolve(path);
	return 0;
}

bool node_returns(const struct container *c)
{
	return strcmp(c->restart, "always") == 0 || strcmp(c->restart, "unless-stopped") == 0;
}

bool node_expects(const struct node *n, const struct container *c)
{
	return n->engine.live_restore || node_returns(c);
}
