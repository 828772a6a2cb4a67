// The foreground app: its demand for memory over time, and the duration of its page faults.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "victim.h"

enum demand_shape {
	DEMAND_BURST, // all at once, as fast as it can be touched: a camera opens
	DEMAND_RAMP,  // evenly over rise_ns: a game loads
	DEMAND_SAW,   // three rises, half given back after each: switching between apps
};

struct demand_plan {
	enum demand_shape shape;
	int64_t size_kb;
	int64_t rise_ns; // of a ramp, and of each rise of a saw
	int64_t hold_ns; // how long it then keeps using all of it
	int64_t compress_pct;
};

// The progress of the foreground while it runs, in memory shared with the agent.
enum { FAULT_BUCKETS = 32 * 36 };

struct demand_progress {
	_Atomic int go;            // 1: start
	_Atomic int64_t started_ns;
	_Atomic int64_t touched_kb; // of the demand, so far
	_Atomic int64_t risen_ns;  // when the demand was complete for the first time, or 0
	_Atomic int64_t done_ns;   // when the hold ended, or 0
	_Atomic int64_t fault_max_ns;
	_Atomic uint32_t faults[FAULT_BUCKETS];
};

struct foreground {
	struct victim process;
	struct demand_progress *progress;
	int done_fd; // readable when the demand is done or the process has died
};

// Starts the foreground, which then waits for foreground_go(). 0, or -1 with failed().
int foreground_start(struct foreground *foreground, const struct demand_plan *plan, int group_number);
void foreground_go(struct foreground *foreground);
// The quantile (in thousandths) of the durations of its page faults, to 3 %; -1: there was none.
int64_t foreground_fault_ns(const struct foreground *foreground, int thousandths);
int foreground_end(struct foreground *foreground);
