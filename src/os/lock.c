/* SPDX-License-Identifier: MIT */
#include "os/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#define OWNER_MAX 256
#define LOOKS 20
#define LOOK_MS 5

static char *read_owner(int fd)
{
	char text[OWNER_MAX + 1] = "";
	ssize_t n = pread(fd, text, OWNER_MAX, 0);

	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return mem_dup(text[0] ? text : "another process");
}

/* lock_held() takes it for a moment to look: that one is waited for. */
static bool got_it(int fd)
{
	for (int i = 0; i < LOOKS; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return true;
		if (errno != EWOULDBLOCK)
			return false;
		clock_sleep_ms(LOOK_MS);
	}
	errno = EWOULDBLOCK;
	return false;
}

int lock_take(struct err *e, const char *path, const char *owner, int *ret)
{
	CLEANUP(mem_closep) int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	CLEANUP(mem_freep) char *holder = NULL;

	if (fd < 0)
		return err_sys(e, "cannot open lock '%s'", path);
	if (!got_it(fd)) {
		if (errno != EWOULDBLOCK)
			return err_sys(e, "cannot lock '%s'", path);
		holder = read_owner(fd);
		return err_set(e, ERR_BUSY, "another run holds this node: %s", holder);
	}
	/* For people only: a full disk must not keep a recovery from running. */
	if (ftruncate(fd, 0) < 0 || pwrite(fd, owner, strlen(owner), 0) < 0)
		log_debug("cannot write the owner into '%s'", path);
	*ret = mem_steal_fd(&fd);
	return 0;
}

void lock_release(int *fd)
{
	if (*fd < 0)
		return;
	/* The name goes first: a reader must not see an owner of a free lock. */
	if (ftruncate(*fd, 0) < 0)
		errno = 0;
	close(*fd);
	*fd = -1;
}

bool lock_held(const char *path, char **ret_owner)
{
	CLEANUP(mem_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0 || flock(fd, LOCK_SH | LOCK_NB) == 0)
		return false;
	*ret_owner = read_owner(fd);
	return true;
}
