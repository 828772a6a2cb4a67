// A stall: a mechanism that keeps the memory of a killed victim from coming back. A new stall is one new file here,
// which registers it.
//
// The order in a trial: begin(), start of the victim with join() in it, hold(), kill, release(), wait for the victim,
// end().
#pragma once

#include <stdbool.h>

#include "holding.h"
#include "registry.h"
#include "victim.h"

struct stall {
	const char *name;
	bool counts_swap; // the charge of the victim includes swapped memory
	// NULL: always possible. Otherwise 0, or -1 with failed(): the reason why this device cannot make it.
	int (*possible)(void);
	// NULL, or prepares before the victim starts. 0, or -1 with failed() and nothing to end.
	int (*begin)(void);
	// NULL, or runs in the victim once its memory is ready. 0, or -1 with failed().
	int (*join)(void *memory, pid_t *companion);
	// Holds the victim; returns once the hold is certain. 0, or -1 with failed() and no hold.
	int (*hold)(const struct victim *victim);
	// NULL, or releases the victim. Called once, from the sampling loop, so it must not block. 0, or -1 with
	// failed().
	int (*release)(void);
	// NULL, or waits for the end of everything that begin() and hold() started; also after a failed hold().
	// 0, or -1 with failed().
	int (*end)(void);
	// NULL, or the time at which the held system call returned (CLOCK_MONOTONIC), valid after end().
	int64_t (*returned_ns)(void);
};

// Makes the stall known to the probe and to plans.
#define REGISTER_STALL(entry) REGISTER(lmkd_stalls, struct stall, entry)

// The stall of that name, or NULL.
const struct stall *stall_find(const char *name);
// The stall that follows the name in alphabetical order, or NULL; the first one follows "".
const struct stall *stall_after(const char *name);
// The chooser for struct field.
int stall_choose(void *at, const char *name);
