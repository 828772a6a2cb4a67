// Kills as lmkd does: two reaper threads that carry out the arm; with both busy the main thread only sends
// SIGKILL, and nobody reaps (AOSP system/memory/lmkd reaper.cpp).
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "arms/arm.h"

// One kill. What the reaper writes is valid once done_ns is not 0.
struct killing {
	const struct victim *victim;
	bool by_reaper; // false: SIGKILL by the main thread alone
	struct kill_outcome outcome;
	int64_t charged_at_return_kb;
	_Atomic int64_t done_ns; // the arm's last call returned; 0: not yet
};

// Starts the reapers, which will kill by the arm. 0, or -1 with failed().
int killers_start(const struct arm *arm, const struct arm_options *options);
// Readable when a reaper could not kill; killers_failure_seen() makes it unreadable again.
int killers_failure_fd(void);
void killers_failure_seen(void);
// Kills the victim, which the killing names; returns at once. 0, or -1 with errno: it could not be killed.
int killers_kill(struct killing *killing);
// Waits until the reapers have done what they were given, and ends them.
void killers_end(void);
