// lmkd's main loop over one episode: wait for pressure, read the inputs, decide, kill, wait for the exit of the victim,
// and decide again (AOSP system/memory/lmkd lmkd.cpp, mainloop and its callees). Only the apps of the episode are
// candidates.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "apps.h"
#include "lmkd/decision.h"
#include "watch.h"

// The state at the decision of a kill.
struct kill_record {
	struct watched watched;
	pid_t pid;
	struct lmkd_decision decision;
	struct lmkd_inputs inputs;
	int64_t rss_kb;
	int64_t shortfall_kb; // the lack of free memory below the low watermark
	// The memory still charged to earlier victims, by state: zombies; victims that lmkd stopped waiting for;
	// victims that it is still waiting for.
	int64_t condemned_zombie_kb, condemned_late_kb, condemned_exiting_kb;
};

struct policy {
	const struct lmkd_settings *settings;
	struct apps *apps;
	const struct foreground *foreground;
	struct kill_record kills[APPS_MAX];
	size_t kill_count;
	int64_t evaluations, skipped_wakeups, events;
	struct watermarks watermarks; // of the last refresh
};

// Sets up the PSI monitors and the other event sources. 0, or -1 with failed().
int policy_open(struct policy *policy);
// Runs until the demand of the foreground is done, or until the deadline (CLOCK_MONOTONIC).
// 0, or -1 with failed(): a signal to stop, the host is gone, or a file could not be read.
int policy_run(struct policy *policy, int64_t deadline_ns);
void policy_close(struct policy *policy);
