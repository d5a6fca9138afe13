/* SPDX-License-Identifier: MIT */
#include "upgrade/restart.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "host/systemd.h"
#include "os/process.h"

#define AFTER_KILL_MS 10000

struct units {
	const char **names; /* the last to start comes first */
	int count;
};

static void units_release(struct units *u)
{
	mem_freep(&u->names);
}

static struct units units_of(const struct json *args)
{
	const struct json *units = json_get(args, "units");
	struct units u = { .count = json_length(units) };
	int i = u.count;

	u.names = mem_alloc(sizeof(*u.names) * (size_t)(u.count + 1));
	for (const struct json *v = json_first(units); v; v = json_next(v))
		u.names[--i] = json_string(v);
	return u;
}

static void kill_all(const struct units *u, int64_t after_ms)
{
	struct err ignored;

	log_warn("the units do not stop within %lld s: they are killed",
	         (long long)after_ms / 1000);
	if (systemd_kill(&ignored, u->names, u->count) < 0)
		log_debug("%s", ignored.msg);
}

/* All the processes from before are gone. */
static bool gone(const struct unit *before, int count, int64_t timeout_ms)
{
	int64_t end = clock_ms() + timeout_ms;

	for (int i = 0; i < count; i++) {
		int64_t left = end - clock_ms();

		if (before[i].main_pid > 0 &&
		    !process_wait_gone(before[i].main_pid, left > 0 ? left : 0))
			return false;
	}
	return true;
}

int restart_units(struct err *e, const struct json *args, int64_t *ret_down_at)
{
	CLEANUP(units_release) struct units u = units_of(args);
	CLEANUP(mem_freep) struct unit *before = mem_alloc(sizeof(*before) * (size_t)(u.count + 1));
	int64_t timeout_ms = json_int(args, "stop_timeout_ms", 0);
	struct err ignored;

	/* systemd refuses the fourth start within its interval, also by hand. */
	if (systemd_reset_failed(&ignored, u.names, u.count) < 0)
		log_debug("%s", ignored.msg);
	if (systemd_query(e, u.names, u.count, before) < 0)
		return -1;
	*ret_down_at = clock_ms();
	if (systemd_restart(e, u.names, u.count) < 0)
		return -1;
	if (gone(before, u.count, timeout_ms))
		return 0;
	kill_all(&u, timeout_ms);
	if (gone(before, u.count, AFTER_KILL_MS))
		return 0;
	return err_set(e, ERR_PRECHECK, "unit '%s' or one with it cannot be stopped", u.names[0]);
}

int restart_stop(struct err *e, const struct json *args, int64_t timeout_ms)
{
	CLEANUP(units_release) struct units u = units_of(args);

	if (systemd_stop(e, u.names, u.count, timeout_ms) == 0)
		return 0;
	kill_all(&u, timeout_ms);
	return systemd_stop(e, u.names, u.count, AFTER_KILL_MS);
}
