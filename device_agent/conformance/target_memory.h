// The memory of the targets, which lie in a memory cgroup of their own.
#pragma once

#include <stdbool.h>

enum { TARGET_KB = 16 * 1024 };

// Memory of the last target: the same address in its address space as in ours before it was started.
void *target_memory(void);

// "yes" when nearly all of the target's memory is uncharged, "no" when nearly none is, "unknown" without root or
// memory cgroups. Exact only while the target cannot be tearing its memory down itself, which collects pages before it frees them.
const char *freed(void);
// The same while others may still be freeing the memory: waits up to 10 s for a "yes".
const char *freed_soon(void);

// For cases in which the memory of a target must come back (cgroup v2).
void keep_targets_out_of_swap(void);
// Limits the memory of the targets' cgroup, swap included, so that the kernel's OOM killer runs.
void limit_targets_memory(long kb);

// Makes the cgroup, if this user may, and reserves the memory of the next target.
void target_memory_reserve(void);
// Runs in the target: enters the cgroup and touches the memory.
void target_memory_touch(void);
// Removes the cgroup; no target may be left in it.
void target_memory_end(void);
