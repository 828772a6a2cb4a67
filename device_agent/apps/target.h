// The app's process that is to be killed, told from any other that may have got its pid since.
#pragma once

#include <stdint.h>
#include <sys/types.h>

// What the process has in memory, in kB; -1 where the kernel does not tell this user.
struct held {
	int64_t rss_kb, anon_kb, swap_kb; // /proc/PID/status: VmRSS, RssAnon, VmSwap
	int64_t private_dirty_kb;         // /proc/PID/smaps_rollup: in no other process, and in no file's cache
};

// Opens a pidfd and then looks whether it is that of the process which began at start_ticks (since boot, as
// /proc/PID/stat has it), lives, and belongs to this user (root may have any). The pidfd, or -1 with failed().
int target_open(pid_t pid, int64_t start_ticks);
void target_look(pid_t pid, struct held *held);
