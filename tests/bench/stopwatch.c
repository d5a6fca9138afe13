/* SPDX-License-Identifier: MIT */
/*
 * stopwatch [--healthy SOCKET] COMMAND...: runs it; the last line of stdout says what it took:
 *
 *	{"event":"stopwatch","status":0,"wall_ms":1234.5,"cpu_ms":210.1,"rss_kib":9876}
 *
 * cpu_ms is user + system time, rss_kib the peak, of the command and of what it waited for. Linked
 * statically it runs on every node, and it is small: the peak that wait4() reports is never below
 * that of the process that forked, so a script's interpreter would hide a small program's figure.
 *
 * --healthy: for a restart of the engine. The clock then runs until the engine at SOCKET answers
 * /_ping and every container that ran before the command runs again, asked every 10 ms as nodelift
 * asks. It is asked only after the command has ended: `systemctl restart` ends when the new
 * daemon is ready, so it is never the old one that answers.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define POLL_MS 10
#define ANSWER_S 2   /* how long one answer may take */
#define HEALTHY_S 60 /* when to give up */
#define ID_LEN 64
#define MAX_CONTAINERS 64

struct containers {
	char id[MAX_CONTAINERS][ID_LEN + 1];
	int count;
};

static void die(const char *what)
{
	fprintf(stderr, "stopwatch: %s: %s\n", what, strerror(errno));
	exit(125);
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double timeval_ms(struct timeval t)
{
	return (double)t.tv_sec * 1e3 + (double)t.tv_usec / 1e3;
}

static int connect_to(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct timeval limit = { .tv_sec = ANSWER_S };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("socket");
	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* The answer with its head, if it is a 200. As HTTP/1.0: its end is the end of the connection. */
static bool get(const char *socket_path, const char *what, char *answer, size_t size)
{
	char request[128];
	int fd = connect_to(socket_path), len;
	size_t have = 0;
	ssize_t n = -1;

	if (fd < 0)
		return false;
	len = snprintf(request, sizeof(request), "GET %s HTTP/1.0\r\nHost: docker\r\n\r\n", what);
	if (send(fd, request, (size_t)len, MSG_NOSIGNAL) == len)
		while ((n = read(fd, answer + have, size - 1 - have)) > 0)
			have += (size_t)n;
	close(fd);
	answer[have] = '\0';
	return n == 0 && strncmp(answer, "HTTP/1.", 7) == 0 && strncmp(answer + 8, " 200", 4) == 0;
}

static bool list(const char *socket_path, struct containers *ret)
{
	static const char key[] = "\"Id\":\"";
	static char answer[1 << 20];

	ret->count = 0;
	if (!get(socket_path, "/containers/json", answer, sizeof(answer)))
		return false;
	for (char *p = answer; (p = strstr(p, key)) && ret->count < MAX_CONTAINERS; p++)
		snprintf(ret->id[ret->count++], ID_LEN + 1, "%s", p + strlen(key));
	return true;
}

static bool has(const struct containers *c, const char *id)
{
	for (int i = 0; i < c->count; i++)
		if (strcmp(c->id[i], id) == 0)
			return true;
	return false;
}

static bool healthy(const char *socket_path, const struct containers *before)
{
	static struct containers now;
	char answer[4096];

	if (!get(socket_path, "/_ping", answer, sizeof(answer)) || !list(socket_path, &now))
		return false;
	for (int i = 0; i < before->count; i++)
		if (!has(&now, before->id[i]))
			return false;
	return true;
}

static void wait_healthy(const char *socket_path, const struct containers *before)
{
	const struct timespec pause = { .tv_nsec = POLL_MS * 1000000 };
	double end = now_ms() + HEALTHY_S * 1e3;

	while (!healthy(socket_path, before)) {
		if (now_ms() > end) {
			fprintf(stderr, "stopwatch: not healthy after %d s\n", HEALTHY_S);
			exit(125);
		}
		nanosleep(&pause, NULL);
	}
}

int main(int argc, char **argv)
{
	static struct containers before;
	const char *socket_path = NULL;
	struct rusage used;
	int status, first = 1;
	double start, wall;
	pid_t pid;

	if (argc > 2 && strcmp(argv[1], "--healthy") == 0) {
		socket_path = argv[2];
		first = 3;
	}
	if (first >= argc) {
		fputs("usage: stopwatch [--healthy SOCKET] COMMAND...\n", stderr);
		return 125;
	}
	if (socket_path && !list(socket_path, &before)) {
		fprintf(stderr, "stopwatch: no engine answers at %s\n", socket_path);
		return 125;
	}
	start = now_ms();
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		execvp(argv[first], argv + first);
		die(argv[first]);
	}
	while (wait4(pid, &status, 0, &used) < 0)
		if (errno != EINTR)
			die("wait4");
	status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	if (socket_path && status == 0)
		wait_healthy(socket_path, &before);
	wall = now_ms() - start;
	printf("{\"event\":\"stopwatch\",\"status\":%d,\"wall_ms\":%.1f,\"cpu_ms\":%.1f,\"rss_"
	       "kib\":%ld}\n",
	       status, wall, timeval_ms(used.ru_utime) + timeval_ms(used.ru_stime), used.ru_maxrss);
	return status;
}
