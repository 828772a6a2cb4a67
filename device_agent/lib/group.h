// A memory cgroup of our own for one victim: what is charged to it is the oracle of every trial.
// RSS and MemFree are none: RSS misses pinned pages, MemFree misses per-CPU page lists.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NO_SWAP_COUNT "only a memory cgroup counts what is swapped out"

enum { GROUP_PATH_SIZE = 256 };

struct group {
	char path[GROUP_PATH_SIZE];
	int charged_fd; // memory.current (cgroup v2) or memory.usage_in_bytes (v1); -1: there is no group
	int swapped_fd; // memory.swap.current (v2) where swap counts as well, or -1
};

// "v2" or "v1" when memory cgroups can be made here, else NULL with failure_text().
const char *group_hierarchy(void);
// Makes a group that may hold limit_kb at most, and in which all groups made from now on lie. cgroup v2 only.
// 0, or -1 with failed().
int group_confine(int64_t limit_kb);
// Opens a file of the group that group_confine() made; -1 with failed().
int group_open_confined(const char *name, int flags);
// Removes it; the groups in it must be gone. 0, or -1 with failed().
int group_unconfine(void);
// Makes an empty group of this agent's, with this number in its name. 0, or -1 with failed().
int group_create(struct group *group, int number);
// Moves the calling process into the group, if there is one. 0, or -1 with failed().
int group_enter(const struct group *group);
// From now on group_charged_kb() counts what the group has in swap as well. 0, or -1 with failed().
int group_count_swap(struct group *group);
// kB charged to the group now; -1 with errno.
int64_t group_charged_kb(const struct group *group);
// Removes the group, if there is one; it must have no process left. 0, or -1 with failed().
int group_remove(struct group *group);
// Removes this agent's folder of groups, unless a victim is left in it.
void group_leave_no_trace(void);
// Removes the empty groups of agents that were killed: nobody holds the lock on their folders.
void group_remove_leftovers(void);
// Whether huge pages (hugetlb) are charged to the groups.
bool group_charges_huge_pages(void);
// Where the cgroup v1 hierarchy with that controller is mounted. 0, or -1 with failed(): nowhere.
int group_find_v1_mount(const char *controller, char *folder, size_t size);
