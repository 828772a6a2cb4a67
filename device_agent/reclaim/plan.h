// Reads the plan of the host: one trial per line, in words of the form key=value.
#pragma once

#include <stdint.h>

#include "arms/arm.h"
#include "lines.h"
#include "meter.h"
#include "stalls/stall.h"
#include "victim.h"

struct planned_trial {
	int64_t id;
	const struct arm *arm;
	struct arm_options arm_options;
	const struct stall *stall;
	struct victim_plan victim;
	const struct meter *meter;
	int64_t hold_ns;
	int64_t timeout_ns;
};

// Reads the next trial. 1: read; 0: end of the plan; -1 with failed(): the line is invalid.
int plan_next(struct lines *plan, struct planned_trial *trial);
