// The process that a trial kills: private anonymous memory, some threads, its own memory cgroup.
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "group.h"

struct victim_shape {
	int64_t size_kb;
	int threads; // the main thread included
};

struct victim {
	pid_t pid;
	int pidfd;
	void *memory; // where its memory lies, in its own address space
	struct group group;
};

// Starts a victim and returns once its memory is touched and its threads run. 0, or -1 with failed().
int victim_start(struct victim *victim, const struct victim_shape *shape, int group_number);
// Whether the pidfd is readable: exit_notify has run, which says nothing about the memory.
int victim_has_exited(const struct victim *victim);
// Kills the victim if it lives, waits for it and removes its group. 0, or -1 with failed().
int victim_end(struct victim *victim);
