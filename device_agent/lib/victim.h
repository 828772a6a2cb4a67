// Starts and ends victims, the processes that trials kill. A victim has memory of a shape, threads, and a memory cgroup
// of its own.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "group.h"
#include "shapes/shape.h"

struct victim_plan {
	struct memory_plan memory;
	int64_t threads; // including the main thread
	bool ungrouped;  // without a memory cgroup, because the agent may create none
	bool count_swap; // its charge includes swapped memory
	// NULL, or runs in the victim after its memory is ready: 0, or -1 with failed().
	int (*join)(void *memory, pid_t *companion);
};

struct victim {
	pid_t pid;
	int pidfd;
	pid_t companion; // a process that join() started, or 0
	void *memory; // the start of its memory, in its own address space
	size_t size;
	int file_fd; // for shapes with a file, or -1
	int report_fd; // while the victim starts: the pipe of its report; otherwise -1
	struct group group;
};

// The name of the threads of a victim, by which traces identify them.
#define VICTIM_COMM "lmkd-victim"

// Starts a victim and returns once its memory is touched and its threads run. 0, or -1 with failed().
int victim_start(struct victim *victim, const struct victim_plan *plan, int group_number);
// The same in two steps, to start several at a time: victim_launch() does not wait, victim_await() does.
int victim_launch(struct victim *victim, const struct victim_plan *plan, int group_number);
int victim_await(struct victim *victim);
// Whether the pidfd is readable: exit_notify() has run. The memory may still be charged.
int victim_has_exited(const struct victim *victim);
// Kills the victim if it is alive, and waits for it. 0, or -1 with failed().
int victim_reap(struct victim *victim);
// Removes its group and file, after victim_reap() and after the end of all users of its memory. 0, or -1 with failed().
int victim_end(struct victim *victim);
