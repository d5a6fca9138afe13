/* SPDX-License-Identifier: MIT */
/*
 * daemon: what a trial upgrades: "dockerd" and "containerd" (NAME) of one VERSION.
 *
 *	NAME --version    says both
 *	NAME              runs until it is killed; dockerd answers at /run/docker.sock
 *
 * Each request gets one answer and a closed connection: nodelift asks few and small questions.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SOCKET "/run/docker.sock"
#define INFO "{\"ServerVersion\":\"" VERSION "\",\"Swarm\":{\"LocalNodeState\":\"inactive\"}}"
#define HEADERS "Api-Version: 1.41\r\nServer: Docker/" VERSION " (linux)\r\nConnection: close\r\n"

static void answer(int client)
{
	char request[4096] = "";
	const char *body = "OK";
	size_t len = 0;

	while (len < sizeof(request) - 1 && !strstr(request, "\r\n\r\n")) {
		ssize_t n = read(client, request + len, sizeof(request) - 1 - len);

		if (n <= 0)
			return;
		len += (size_t)n;
		request[len] = '\0';
	}
	if (strstr(request, "/info "))
		body = INFO;
	else if (strstr(request, "/containers/json "))
		body = "[]";
	dprintf(client, "HTTP/1.1 200 OK\r\n" HEADERS "Content-Length: %zu\r\n\r\n%s", strlen(body),
	        body);
}

static int serve(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = SOCKET };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	unlink(SOCKET);
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(listener, 64) < 0)
		return 1;
	for (;;) {
		int client = accept(listener, NULL, NULL);

		if (client < 0)
			continue;
		answer(client);
		close(client);
	}
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "--version") == 0) {
		puts(NAME " version " VERSION ", build crash");
		return 0;
	}
	if (strcmp(NAME, "dockerd") == 0)
		return serve();
	for (;;)
		pause();
}
