// The state the device is in around a trial: heat, frequency limits, battery, kills by others, free memory.
#pragma once

#include <stdint.h>

// -1 where the device does not tell.
struct conditions {
	int64_t hottest_mc;    // of all thermal zones, thousandths of a degree
	int64_t cooling;       // the highest state of a cooling device; 0: all are at rest
	int64_t cpu_limit_khz; // sum of the highest frequencies that the CPUs may have
	int64_t battery_pct;
	int64_t discharging;   // 1 or 0
	int64_t oom_kills;     // by the kernel, since boot
	int64_t free_kb;       // in the zones and in their per-CPU lists
};

void conditions_read(struct conditions *conditions);
// As the member `key` of the line that was begun.
void conditions_wire(const char *key, const struct conditions *conditions);
