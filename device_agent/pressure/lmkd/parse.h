// Parses the text of the kernel's files that lmkd reads before it decides.
#pragma once

#include <stdint.h>

// /proc/meminfo, in kB.
struct meminfo {
	int64_t mem_free, buffers, cached, swap_cached, shmem, swap_total, swap_free;
	int64_t active_anon, inactive_anon, active_file, inactive_file;
	int64_t cma_free; // 0 if the kernel has no CMA
};

// /proc/vmstat, in pages and events.
struct vmstat {
	int64_t nr_inactive_file, nr_active_file;
	int64_t workingset_refault_file; // "workingset_refault" before Linux 5.9
	int64_t pgscan_kswapd, pgscan_direct, pgrefill;
};

// The sums over all zones, in kB, which lmkd compares with free memory.
struct watermarks {
	int64_t min, low, high;
};

// /proc/pressure/memory, or a cgroup's memory.pressure.
struct pressure {
	int64_t some_avg10_pct100, full_avg10_pct100; // hundredths of a percent
	int64_t some_total_us, full_total_us;
};

// Each parses the text of a whole file without modifying it. 0, or -1 with failed(), which names the missing or wrong
// part.
int meminfo_parse(const char *text, struct meminfo *meminfo);
int vmstat_parse(const char *text, struct vmstat *vmstat);
int watermarks_parse(const char *zoneinfo, int64_t page_kb, struct watermarks *watermarks);
int pressure_parse(const char *text, struct pressure *pressure);
