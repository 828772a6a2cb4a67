// lmkd's main loop over one episode: waits for pressure, looks, decides, kills, waits for the victim's end, looks
// again (AOSP system/memory/lmkd lmkd.cpp, mainloop and what it calls). Only the episode's apps are candidates.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "apps.h"
#include "lmkd/decision.h"
#include "watch.h"

// What is known of a kill when it is decided.
struct kill_record {
	struct watched watched;
	pid_t pid;
	struct lmkd_decision decision;
	struct lmkd_inputs inputs;
	int64_t rss_kb;
	int64_t shortfall_kb; // of free memory below the low watermark
	// What earlier victims still hold, by why: a zombie whose memory is charged all the same; one that
	// lmkd stopped waiting for; one that it still has patience with.
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

// Sets up the PSI monitors and what else the loop waits for. 0, or -1 with failed().
int policy_open(struct policy *policy);
// Runs until the foreground's demand is done, or the deadline (CLOCK_MONOTONIC) is over.
// 0, or -1 with failed(): told to stop, the host is gone, or something could not be read.
int policy_run(struct policy *policy, int64_t deadline_ns);
void policy_close(struct policy *policy);
