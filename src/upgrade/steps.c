/* SPDX-License-Identifier: MIT */
#include "upgrade/run.h"

#include <stddef.h>

const struct step_kind *const step_kinds[] = {
	&step_keep, &step_mkdir,   &step_stage,  &step_probe, &step_guard, &step_baseline,
	&step_swap, &step_restart, &step_health, &step_rmdir, NULL,
};
