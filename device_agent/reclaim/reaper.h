// Two reaper threads, as lmkd has them (AOSP system/memory/lmkd reaper.h): the one that is free takes the
// victim and carries out the arm.
#pragma once

#include "arms/arm.h"

struct reaping {
	const struct arm *arm;
	struct arm_options options;
	const struct victim *victim;
	struct kill_outcome outcome;
	int64_t charged_at_return_kb; // when the arm's last call returned
};

// Starts the threads. 0, or -1 with failed().
int reapers_start(void);
// Gives the reaping to a reaper, which prepares for it. 0, or -1 with failed(): it will not be done.
int reapers_take(struct reaping *reaping);
// The reaper that took it goes on to kill.
void reapers_go(void);
// Waits until the reaper has done it.
void reapers_await(void);
// Ends the threads.
void reapers_end(void);
