// The device's free memory, for where no memory cgroup can be made.
#pragma once

#include <stdint.h>

// kB that lie free in the zones and in their per-CPU lists; -1 where /proc/zoneinfo does not tell. MemFree
// leaves the lists out: they held a tenth of a gigabyte at times.
int64_t free_memory_kb(void);
