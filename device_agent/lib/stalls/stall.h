// What keeps a killed victim's memory from coming back. A new one is one new file and one line in
// stalls.c.
//
// Order in a trial: begin() - the victim starts, and join() runs in it - hold() - the kill - release() -
// the victim is waited for - end().
#pragma once

#include <stdbool.h>

#include "../victim.h"

// The name of a stall's threads, by which traces tell them.
#define STALL_COMM "lmkd-stall"

// On a loaded machine a process may need seconds to reach the point where it is held; after this it hangs.
enum { STALL_HANGS_MS = 10000 };

struct stall {
	const char *name;
	bool counts_swap; // the victim's charge is counted with what is swapped out
	// NULL (always possible), or 0, or -1 with failed(): why it cannot be made on this device.
	int (*possible)(void);
	// NULL, or what must be there before the victim starts. 0, or -1 with failed() and nothing to end.
	int (*begin)(void);
	// NULL, or what the victim itself does once its memory stands. 0, or -1 with failed().
	int (*join)(void *memory, pid_t *companion);
	// Takes hold of the victim; returns once the hold is certain. 0, or -1 with failed() and nothing held.
	int (*hold)(const struct victim *victim);
	// NULL, or lets go. Called once, from the measuring loop: must not block. 0, or -1 with failed().
	int (*release)(void);
	// NULL, or waits for the end of what begin() and hold() started; also after a hold() that failed.
	// 0, or -1 with failed().
	int (*end)(void);
	// NULL, or when the held system call returned (CLOCK_MONOTONIC), valid after end().
	int64_t (*returned_ns)(void);
};

// The stall of that name, or NULL.
const struct stall *stall_find(const char *name);
// All stalls; ends with NULL.
extern const struct stall *const STALLS[];

extern const struct stall stall_none;
extern const struct stall stall_holder;
extern const struct stall stall_holder_mem;
extern const struct stall stall_holder_cmdline;
extern const struct stall stall_holder_environ;
extern const struct stall stall_holder_pagemap;
extern const struct stall stall_smaps_blocked;
extern const struct stall stall_open_files;
extern const struct stall stall_readers;
extern const struct stall stall_smaps_walk;
extern const struct stall stall_pageout;
extern const struct stall stall_sharer;
extern const struct stall stall_vfork;
extern const struct stall stall_aio;
extern const struct stall stall_starved;
extern const struct stall stall_blocked_thread;
extern const struct stall stall_frozen_v1;
extern const struct stall stall_frozen_v2;
extern const struct stall stall_exit_stop;
