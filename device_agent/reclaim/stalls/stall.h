// What keeps a killed victim's memory from coming back. A new stall is one new file
// here, which registers it.
//
// Order in a trial: begin() - the victim starts, and join() runs in it - hold() - the kill - release() -
// the victim is waited for - end().
#pragma once

#include <stdbool.h>

#include "holding.h"
#include "registry.h"
#include "victim.h"

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

// Makes the stall known to the probe and to plans.
#define REGISTER_STALL(entry) REGISTER(lmkd_stalls, struct stall, entry)

// The stall of that name, or NULL.
const struct stall *stall_find(const char *name);
// The stall that follows the name in alphabetical order, or NULL; the first one follows "".
const struct stall *stall_after(const char *name);
// As struct field wants it.
int stall_choose(void *at, const char *name);
