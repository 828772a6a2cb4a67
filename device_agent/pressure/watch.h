// Samples an episode every 5 ms from its own thread: free memory, the memory returned by killed victims, and the
// demand. Releases holds when they are due. needed_kb is computed from its curve.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "killer.h"
#include "apps.h"
#include "demand.h"

enum { WATCH_CAPACITY = 8192, FREED_PCT = 90 };

struct watch_point {
	int64_t at_ns; // CLOCK_MONOTONIC
	int64_t free_kb;     // MemFree - CmaFree, which lmkd compares with the watermarks
	int64_t returned_kb; // by all victims: the charge at the decision minus the current charge
	int64_t demand_kb;   // touched by the foreground
};

// One victim. Written by the main thread before watch_victim(), then by the watcher.
struct watched {
	struct killing killing;
	size_t app;
	int64_t decided_ns;
	int64_t charged_kb; // at the decision
	int64_t release_ns; // when its hold must be released; 0: at the end
	_Atomic int64_t charged_now_kb;
	_Atomic int64_t exited_ns; // when the pidfd was readable, or 0
	_Atomic int64_t freed_ns;  // when FREED_PCT of charged_kb were back, or 0
};

// Starts watching. 0, or -1 with failed().
int watch_start(const struct demand_progress *demand);
// Adds a victim to the watch.
void watch_victim(struct watched *watched);
// Ends the watch. 0, or -1 with failed(): a file could not be read, or the episode was too long.
int watch_end(void);
// The points, in time order, valid after watch_end().
const struct watch_point *watch_points(size_t *count);
