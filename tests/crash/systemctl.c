/* SPDX-License-Identifier: MIT */
/*
 * systemctl: the stand-in for systemd in a trial, as far as nodelift asks (src/host/systemd.c).
 *
 *	systemctl show|restart|start|stop|kill|reset-failed [OPTION ...] -- UNIT ...
 *
 * A unit's process is the one whose number is in /run/units/UNIT. It is killed, for it has nothing
 * to lose, and started as a child that init inherits. All is over when this program ends: also
 * the exec, so that /proc/PID/exe is the program from the first moment.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct unit {
	const char *name, *program;
} units[] = {
	{ "containerd.service", "/usr/bin/containerd" },
	{ "docker.service", "/usr/sbin/dockerd" },
};

static const struct unit *find_unit(const char *name)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(units[i].name, name) == 0)
			return &units[i];
	return NULL;
}

static void pid_path(const struct unit *u, char *ret, size_t size)
{
	snprintf(ret, size, "/run/units/%s", u->name);
}

/* 0: it does not run. */
static pid_t pid_of(const struct unit *u)
{
	char path[128];
	int pid = 0;
	FILE *f;

	pid_path(u, path, sizeof(path));
	f = fopen(path, "re");
	if (!f)
		return 0;
	if (fscanf(f, "%d", &pid) != 1)
		pid = 0;
	fclose(f);
	return pid > 0 && kill(pid, 0) == 0 ? pid : 0;
}

static void stop(const struct unit *u)
{
	pid_t pid = pid_of(u);
	char path[128];

	if (pid) {
		struct pollfd ended = { (int)syscall(SYS_pidfd_open, pid, 0), POLLIN, 0 };

		kill(pid, SIGKILL);
		poll(&ended, ended.fd >= 0, ended.fd >= 0 ? -1 : 100);
		close(ended.fd);
	}
	pid_path(u, path, sizeof(path));
	unlink(path);
}

static void start(const struct unit *u)
{
	char *const argv[] = { (char *)u->program, NULL };
	char *const environment[] = { "PATH=/usr/sbin:/usr/bin", NULL };
	posix_spawn_file_actions_t files;
	char path[128];
	pid_t pid;
	FILE *f;

	if (pid_of(u))
		return;
	posix_spawn_file_actions_init(&files);
	for (int fd = 0; fd <= 2; fd++)
		posix_spawn_file_actions_addopen(&files, fd, "/dev/null", O_RDWR, 0);
	if (posix_spawn(&pid, u->program, &files, NULL, argv, environment) == 0) {
		pid_path(u, path, sizeof(path));
		f = fopen(path, "we");
		if (f) {
			fprintf(f, "%d\n", (int)pid);
			fclose(f);
		}
	}
	posix_spawn_file_actions_destroy(&files);
}

static void show(const struct unit *u)
{
	pid_t pid = pid_of(u);

	printf("ExecStart={ path=%s ; argv[]=%s ; ignore_errors=no }\n", u->program, u->program);
	printf("MainPID=%d\nNRestarts=0\nLoadState=loaded\n", (int)pid);
	printf("ActiveState=%s\nSubState=%s\n", pid ? "active" : "inactive",
	       pid ? "running" : "dead");
}

static const char *const verbs[] = { "show", "restart", "start", "stop", "kill", "reset-failed" };

/* The first word that is one; options and their values stand around it. */
static const char *verb_of(char **argv)
{
	for (; *argv; argv++)
		for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
			if (strcmp(*argv, verbs[i]) == 0)
				return verbs[i];
	return "";
}

static int act(const char *verb, const struct unit *u)
{
	if (strcmp(verb, "show") == 0)
		show(u);
	if (strcmp(verb, "restart") == 0 || strcmp(verb, "stop") == 0 || strcmp(verb, "kill") == 0)
		stop(u);
	if (strcmp(verb, "restart") == 0 || strcmp(verb, "start") == 0)
		start(u);
	return 0;
}

int main(int argc, char **argv)
{
	const char *verb = verb_of(argv + 1);
	int i = 1;

	while (i < argc && strcmp(argv[i], "--") != 0)
		i++;
	for (int first = ++i; i < argc; i++) {
		const struct unit *u = find_unit(argv[i]);

		if (i > first && strcmp(verb, "show") == 0)
			puts("");
		if (u)
			act(verb, u);
		else
			puts("LoadState=not-found\nActiveState=inactive");
	}
	return *verb ? 0 : 1;
}
