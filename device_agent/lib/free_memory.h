// Reads the free memory of the device, the meter for devices without a usable memory cgroup.
#pragma once

#include <stdint.h>

// Free kB in the zones and in their per-CPU lists; -1 if /proc/zoneinfo cannot be read. MemFree excludes the lists,
// which at times held a tenth of a gigabyte.
int64_t free_memory_kb(void);
