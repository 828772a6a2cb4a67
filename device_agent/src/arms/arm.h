// A way to kill a victim and get its memory back. A new one is one new file and one line in arms.c.
#pragma once

#include <stdint.h>

#include "../victim.h"

enum { NOT_CALLED = -1 };

// What one kill was, as the arm saw it. Times are CLOCK_MONOTONIC ns.
struct kill_outcome {
	_Atomic int64_t killed_ns; // just before the call that sends SIGKILL; 0: not yet (others watch it)
	int64_t mrelease_start_ns; // just before process_mrelease, or NOT_CALLED
	int64_t last_call_ns;      // how long the arm's last system call took
	int kill_errno;            // 0, or why SIGKILL could not be sent
	int mrelease_errno;        // 0, or what process_mrelease said
};

struct arm {
	const char *name;
	void (*kill)(const struct victim *victim, struct kill_outcome *outcome);
};

// The arm of that name, or NULL.
const struct arm *arm_find(const char *name);
// The names of all arms, separated by spaces.
const char *arm_names(void);

extern const struct arm arm_kill;
extern const struct arm arm_kill_mrelease;
extern const struct arm arm_reap_kill;

// The steps that arms are made of: each makes one call and notes its time and errno, nothing more,
// so that an arm's calls follow each other as closely as they can.
void step_sigkill(const struct victim *victim, struct kill_outcome *outcome);
void step_mrelease(const struct victim *victim, unsigned int flags, struct kill_outcome *outcome);
