// One pressure episode: apps in the background, a foreground that wants memory, lmkd's policy between them.
#pragma once

#include "episode_plan.h"
#include "policy.h"
#include "inputs.h"

struct episode_result {
	int64_t clock_resolution_ns;
	int64_t start_ns, end_ns;  // of the demand, CLOCK_MONOTONIC
	int64_t risen_ns;          // the demand stood, since its start; -1: never
	bool demand_met;           // and was held to the end
	int64_t free_at_start_kb;
	int apps_started, apps_alive, apps_lost; // lost: dead, but not by the policy's hand
	int64_t fault_p50_ns, fault_p99_ns, fault_max_ns; // -1: no fault
	struct memory_totals totals; // over the episode
	struct policy policy;
};

// Runs the planned episode and leaves nothing of it behind. 0, or -1 with failed().
int episode_run(const struct episode_plan *plan, struct episode_result *result);
