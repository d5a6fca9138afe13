/* SPDX-License-Identifier: MIT */
#include "upgrade/restart.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "host/systemd.h"
#include "os/process.h"

#define AFTER_KILL_MS 10000

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

int restart_units(struct err *e, const char *const *units, int count, int64_t stop_timeout_ms,
                  int64_t *ret_down_at)
{
	CLEANUP(mem_freep) struct unit *before = mem_alloc(sizeof(*before) * (size_t)(count + 1));
	struct err ignored;

	if (systemd_query(e, units, count, before) < 0)
		return -1;
	/* systemd refuses the fourth start within its interval, also by hand. */
	if (systemd_reset_failed(&ignored, units, count) < 0)
		log_debug("%s", ignored.msg);
	*ret_down_at = clock_ms();
	if (systemd_restart(e, units, count) < 0)
		return -1;
	if (gone(before, count, stop_timeout_ms))
		return 0;
	log_warn("the units do not stop within %lld s: they are killed", (long long)stop_timeout_ms / 1000);
	if (systemd_kill(&ignored, units, count) < 0)
		log_debug("%s", ignored.msg);
	if (gone(before, count, AFTER_KILL_MS))
		return 0;
	return err_set(e, ERR_PRECHECK, "unit '%s' or one with it cannot be stopped", units[count - 1]);
}
