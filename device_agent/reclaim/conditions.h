// The state of the device before and after a trial: heat, frequency limits, battery, kills by others, free memory.
#pragma once

#include <stdint.h>

// -1: the device does not report it.
struct conditions {
	int64_t hottest_mc;    // the hottest thermal zone, in thousandths of a degree
	int64_t cooling;       // the highest state of any cooling device; 0: all are idle
	int64_t cpu_limit_khz; // the sum of the maximum frequencies of the CPUs
	int64_t battery_pct;
	int64_t discharging;   // 1 or 0
	int64_t oom_kills;     // by the kernel, since boot
	int64_t free_kb;       // in the zones and in their per-CPU lists
};

void conditions_read(struct conditions *conditions);
// Writes the member `key` of the current line.
void conditions_wire(const char *key, const struct conditions *conditions);
