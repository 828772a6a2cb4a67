// Kills the victim of a trial by a reaper (lib/reapers.h): the reaper prepares, waits for a signal, and kills by the
// arm.
#pragma once

#include "arms/arm.h"

struct reaping {
	const struct arm *arm;
	struct arm_options options;
	const struct victim *victim;
	struct kill_outcome outcome;
	int64_t charged_at_return_kb; // when the arm's last call returned
};

// Starts the reapers. 0, or -1 with failed().
int reaping_start(void);
// Gives the reaping to a reaper and returns once it is prepared. 0, or -1 with failed(): it was dropped.
int reaping_prepare(struct reaping *reaping);
// Lets the prepared reaper kill.
void reaping_go(void);
// Waits until the reaper has killed.
void reaping_await(void);
// Ends the reapers.
void reaping_end(void);
