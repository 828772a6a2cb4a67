// Runs one trial: starts a victim, holds it, kills it by one arm, and measures how its memory comes back.
#pragma once

#include "arms/arm.h"
#include "conditions.h"
#include "curve.h"
#include "plan.h"

struct trial_result {
	struct kill_outcome outcome;
	int64_t charged_after_kb[MAX_CALLS]; // the charge at the return of each call; -1: no later sample
	struct curve curve;
	int64_t charged_at_kill_kb;
	int64_t returns_kb;    // the memory that can come back
	int64_t exit_ns;       // from the kill until the pidfd was readable; -1: not by the timeout
	int64_t released_ns;   // from the kill to the release of the stall; -1: not by the timeout, or no hold
	int64_t stall_late_ns; // from the release to the return of the held system call; -1: none
	size_t sample_count;
	const struct meter *meter;
	int64_t noise_kb; // by how much the meter moved before the victim started; -1: the meter is the victim's own
	const char *stall_class;
	const char *torn_down_by;
	struct conditions before, after; // before the start of the victim, and after the cleanup
};

// Runs the planned trial and cleans up after it. 0, or -1 with failed().
int trial_run(const struct planned_trial *planned, struct trial_result *result);
