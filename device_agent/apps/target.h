// Identifies the process of the app to kill, and excludes a process that has reused its pid.
#pragma once

#include <stdint.h>
#include <sys/types.h>

// The memory of the process, in kB; -1: the kernel does not report it to this user.
struct held {
	int64_t rss_kb, anon_kb, swap_kb; // /proc/PID/status: VmRSS, RssAnon, VmSwap
	int64_t private_dirty_kb;         // /proc/PID/smaps_rollup; unshared, and not in a page cache
};

// Opens a pidfd and then checks that its process started at start_ticks (since boot, as in /proc/PID/stat), is alive,
// and belongs to this user (any user for root). The pidfd, or -1 with failed().
int target_open(pid_t pid, int64_t start_ticks);
void target_look(pid_t pid, struct held *held);
