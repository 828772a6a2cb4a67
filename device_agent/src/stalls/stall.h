// What keeps a killed victim's memory from coming back. A new one is one new file and one line in
// stalls.c.
#pragma once

#include "../victim.h"

struct stall {
	const char *name;
	// Takes hold of the victim; returns once the hold is certain. 0, or -1 with failed().
	int (*hold)(const struct victim *victim);
	// Lets go. Called once, from the measuring loop: must not block. 0, or -1 with failed().
	int (*release)(void);
	// Waits for the end of what hold() started, after release(). 0, or -1 with failed().
	int (*end)(void);
};

// The stall of that name, or NULL.
const struct stall *stall_find(const char *name);
// The names of all stalls, separated by spaces.
const char *stall_names(void);

extern const struct stall stall_none;
extern const struct stall stall_holder;
