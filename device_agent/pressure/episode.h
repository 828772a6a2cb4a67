// Runs one pressure episode: apps in the background, a foreground that demands memory, and lmkd's policy.
#pragma once

#include "episode_plan.h"
#include "policy.h"
#include "inputs.h"

struct episode_result {
	int64_t clock_resolution_ns;
	int64_t start_ns, end_ns;  // of the demand, CLOCK_MONOTONIC
	int64_t risen_ns;          // from its start until the demand was complete; -1: never
	bool demand_met;           // and held to the end
	int64_t free_at_start_kb;
	int apps_started, apps_alive, apps_lost; // lost: dead, but not killed by the policy
	int64_t fault_p50_ns, fault_p99_ns, fault_max_ns; // -1: no fault
	struct memory_totals totals; // over the episode
	struct policy policy;
};

// Runs the planned episode and cleans up after it. 0, or -1 with failed().
int episode_run(const struct episode_plan *plan, struct episode_result *result);
