// Creates a memory cgroup for each victim. Its charge is the oracle of every trial. RSS and MemFree are not usable as
// an oracle: RSS misses pinned pages, MemFree misses per-CPU page lists.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NO_SWAP_COUNT "only a memory cgroup counts what is swapped out"

enum { GROUP_PATH_SIZE = 256 };

struct group {
	char path[GROUP_PATH_SIZE];
	int charged_fd; // memory.current (cgroup v2) or memory.usage_in_bytes (v1); -1: no group
	int swapped_fd; // memory.swap.current (v2) if swap counts too, or -1
};

// "v2" or "v1" if memory cgroups can be created here, otherwise NULL with failure_text().
const char *group_hierarchy(void);
// Creates a group with a limit of limit_kb; all groups created from now on are children of it. cgroup v2 only.
// 0, or -1 with failed().
int group_confine(int64_t limit_kb);
// Opens a file of the group that group_confine() made; -1 with failed().
int group_open_confined(const char *name, int flags);
// Removes that group; its children must be gone. 0, or -1 with failed().
int group_unconfine(void);
// Creates an empty group with this number in its name. 0, or -1 with failed().
int group_create(struct group *group, int number);
// Moves the calling process into the group, if any. 0, or -1 with failed().
int group_enter(const struct group *group);
// Makes group_charged_kb() include the memory of the group that is in swap. 0, or -1 with failed().
int group_count_swap(struct group *group);
// The current charge in kB; -1 with errno.
int64_t group_charged_kb(const struct group *group);
// Removes the group, if any; no process may be left in it. 0, or -1 with failed().
int group_remove(struct group *group);
// Removes the folder of this agent's groups, unless a victim is left in it.
void group_leave_no_trace(void);
// Removes the empty groups of agents that were killed: their folders are not locked.
void group_remove_leftovers(void);
// Whether huge pages (hugetlb) are charged to the groups.
bool group_charges_huge_pages(void);
// Stores the mount point of the cgroup v1 hierarchy with that controller. 0, or -1 with failed(): not mounted.
int group_find_v1_mount(const char *controller, char *folder, size_t size);
