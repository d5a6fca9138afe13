// SPDX-License-Identifier: MIT
// A library that makes the program which it is linked into misbehave. tests/lab adds it to the real dockerd to make
// engines that fail on purpose; every node has it in its library directory. FAULT says how:
//   start    the engine reports an error and exits before it serves
//   soak     the engine serves, and dies SECONDS after its start
//   hang     the engine never serves, and does not end
//   version  `--version` names VERSION, the engine itself another
// Only `dockerd` itself is meant, not what it starts under other names (docker-untar, libnetwork-setkey); and but for
// the last fault, `--version` is answered as ever.

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { start, soak, hang, version };

static void *die_later(void *unused)
{
	(void)unused;
	sleep(SECONDS);
	fputs("panic: lab: this engine does not live long\n", stderr);
	_exit(2);
}

static void soak_begin(void)
{
	sigset_t all, before;
	pthread_t thread;

	// the thread belongs to no Go runtime: it must not be given signals
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (pthread_create(&thread, NULL, die_later, NULL) != 0)
		_exit(2);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

__attribute__((constructor)) static void fault(int argc, char **argv)
{
	const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
	const char *name = slash ? slash + 1 : argc > 0 ? argv[0] : "";

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--version") == 0 || strcmp(argv[i], "-v") == 0) {
			if (FAULT == version) {
				puts("Docker version " VERSION ", build lab");
				fflush(stdout);
				_exit(0);
			}
			return;
		}
	}
	if (strstr(name, "dockerd") == NULL)
		return;
	switch (FAULT) {
	case start:
		fputs("failed to start daemon: lab: this engine does not start\n", stderr);
		_exit(1);
	case soak:
		soak_begin();
		break;
	case hang:
		for (;;)
			pause();
	case version:
		break;
	}
}
