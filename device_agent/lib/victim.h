// The process that a trial kills: memory of some shape, some threads, its own memory cgroup.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "group.h"
#include "shapes/shape.h"

struct victim_plan {
	struct memory_plan memory;
	int64_t threads; // the main thread included
	bool ungrouped;  // it gets no memory cgroup: its agent may make none
	bool count_swap; // its charge is counted with what is swapped out
	// NULL, or what else it does in its own process before it stands: 0, or -1 with failed().
	int (*join)(void *memory, pid_t *companion);
};

struct victim {
	pid_t pid;
	int pidfd;
	pid_t companion; // a process that join() started, or 0
	void *memory; // where its memory begins, in its own address space
	size_t size;
	int file_fd; // of shapes that are made of a file, or -1
	int report_fd; // while it is being started: what it tells of itself; else -1
	struct group group;
};

// The name of every victim's threads, by which traces tell them.
#define VICTIM_COMM "lmkd-victim"

// Starts a victim and returns once its memory is touched and its threads run. 0, or -1 with failed().
int victim_start(struct victim *victim, const struct victim_plan *plan, int group_number);
// The same in two steps, for several at a time: victim_launch() does not wait, victim_await() does.
int victim_launch(struct victim *victim, const struct victim_plan *plan, int group_number);
int victim_await(struct victim *victim);
// Whether the pidfd is readable: exit_notify has run, which says nothing about the memory.
int victim_has_exited(const struct victim *victim);
// Kills the victim if it lives and waits for it. 0, or -1 with failed().
int victim_reap(struct victim *victim);
// After victim_reap() and the end of all that used it: removes its group and file. 0, or -1 with failed().
int victim_end(struct victim *victim);
