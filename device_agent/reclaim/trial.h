// One trial: start a victim, hold it, kill it by one arm, and measure how its memory comes back.
#pragma once

#include "arms/arm.h"
#include "conditions.h"
#include "curve.h"
#include "plan.h"

struct trial_result {
	struct kill_outcome outcome;
	int64_t charged_after_kb[MAX_CALLS]; // charge at the return of each call; -1: no sample that late
	struct curve curve;
	int64_t charged_at_kill_kb;
	int64_t returns_kb;    // what can come back at all
	int64_t exit_ns;       // pidfd seen readable, since the kill; -1: not by the timeout
	int64_t released_ns;   // the stall let go, since the kill; -1: not by the timeout, or nothing was held
	int64_t stall_late_ns; // the held system call returned, since the release; -1: there is none
	size_t sample_count;
	const struct meter *meter;
	int64_t noise_kb; // by how much the meter moved before there was a victim; -1: it is the victim's own
	const char *stall_class;
	const char *torn_down_by;
	struct conditions before, after; // the victim was started, and when everything of the trial was gone
};

// Runs the planned trial and leaves nothing of it behind. 0, or -1 with failed().
int trial_run(const struct planned_trial *planned, struct trial_result *result);
