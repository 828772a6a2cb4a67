// Kills like lmkd: two reaper threads run the arm; if both are busy, the main thread only sends SIGKILL and does not
// reap (AOSP system/memory/lmkd reaper.cpp).
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "arms/arm.h"

// One kill. The results of the reaper are valid once done_ns is not 0.
struct killing {
	const struct victim *victim;
	bool by_reaper; // false: only a SIGKILL by the main thread
	struct kill_outcome outcome;
	int64_t charged_at_return_kb;
	_Atomic int64_t done_ns; // the arm's last call returned; 0: not yet
};

// Starts the reapers with the arm. 0, or -1 with failed().
int killers_start(const struct arm *arm, const struct arm_options *options);
// Readable after a reaper failed to kill; killers_clear_failure() clears it.
int killers_failure_fd(void);
void killers_clear_failure(void);
// Kills the victim of the killing; returns immediately. 0, or -1 with errno: it could not be killed.
int killers_kill(struct killing *killing);
// Waits until the reapers have finished their kills, and ends them.
void killers_end(void);
