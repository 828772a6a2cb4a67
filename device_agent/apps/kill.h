// Kills one process of an app by an arm and reports the time of its exit.
#pragma once

#include "arms/arm.h"

struct kill_plan {
	int64_t pid, start_ticks, timeout_ns;
	const struct arm *arm;
	struct arm_options options;
};

// Parses words such as pid=123; modifies them. 0, or -1 with failed().
int kill_plan_parse(char *words, struct kill_plan *plan);
// Kills and writes the answer. 0, or -1 with failed(): nothing was killed.
int kill_carry_out(const struct kill_plan *plan);
