// Watches an episode every 5 ms from a thread of its own: free memory, what killed victims have given back, the
// demand; lets holds go when they are due. Its curve is what needed_kb is computed from.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "killer.h"
#include "apps.h"
#include "demand.h"

enum { WATCH_CAPACITY = 8192, FREED_PCT = 90 };

struct watch_point {
	int64_t at_ns; // CLOCK_MONOTONIC
	int64_t free_kb;     // MemFree - CmaFree, what lmkd compares with the watermarks
	int64_t returned_kb; // by all victims: charge at the decision minus charge now
	int64_t demand_kb;   // touched by the foreground
};

// One victim under watch. Written by the main thread before watch_victim(), then by the watcher.
struct watched {
	struct killing killing;
	size_t app;
	int64_t decided_ns;
	int64_t charged_kb; // at the decision
	int64_t release_ns; // when its hold is due; 0: not before the end
	_Atomic int64_t charged_now_kb;
	_Atomic int64_t exited_ns; // pidfd seen readable, or 0
	_Atomic int64_t freed_ns;  // FREED_PCT of charged_kb seen to be back, or 0
};

// Starts watching. 0, or -1 with failed().
int watch_start(const struct demand_progress *demand);
// The watcher also watches this one from now on.
void watch_victim(struct watched *watched);
// Ends the watching. 0, or -1 with failed(): something could not be read, or the time was too long.
int watch_end(void);
// The points, in time order, valid after watch_end().
const struct watch_point *watch_points(size_t *count);
