// An arm: a way to kill a victim and reclaim its memory. A new arm is one new file here, which registers it, and one
// line in src/lmkd_core/records/arms.py.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "../registry.h"
#include "../victim.h"

enum { MAX_CALLS = 6 };

// One system call of an arm. Times are CLOCK_MONOTONIC ns.
struct call {
	const char *name;
	int64_t start_ns;
	int64_t took_ns;
	int error; // 0, or its errno
};

// The record of one kill, written by the arm.
struct kill_outcome {
	_Atomic int64_t killed_ns; // just before the call that sends SIGKILL; 0: not yet (other threads read it)
	int kill_errno;            // 0, or the error of sending SIGKILL
	struct call calls[MAX_CALLS];
	size_t call_count;
};

struct arm_options {
	int64_t delay_ns; // between the kill and process_mrelease
};

struct arm {
	const char *name;
	// NULL: always possible. Otherwise 0, or -1 with failed(): the reason why this device cannot run it.
	int (*possible)(void);
	// NULL, or runs on the reaper thread before time zero: 0, or -1 with failed().
	int (*prepare)(const struct victim *victim);
	void (*kill)(const struct victim *victim, const struct arm_options *options, struct kill_outcome *outcome);
};

// Makes the arm known to the probe and to plans.
#define REGISTER_ARM(entry) REGISTER(lmkd_arms, struct arm, entry)

// The arm of that name, or NULL.
const struct arm *arm_find(const char *name);
// The arm that follows the name in alphabetical order, or NULL; the first one follows "".
const struct arm *arm_after(const char *name);
// The chooser for struct field.
int arm_choose(void *at, const char *name);

// The steps of arms. Each makes one call and stores its time and errno, nothing else, so that the calls of an arm
// follow each other as closely as possible.
void step_sigkill(const struct victim *victim, struct kill_outcome *outcome);
void step_mrelease(const struct victim *victim, unsigned int flags, struct kill_outcome *outcome);
// Stores a call that began at start_ns and has just returned `result` with errno.
void step_note(struct kill_outcome *outcome, const char *name, int64_t start_ns, long result);

// Whether the kernel supports process_mrelease with these flags: 0, or -1 with failed().
int mrelease_possible(unsigned int flags);

// Writes the member "calls" of the current line: each call, and the charge at its return in kB (null if charged_kb is
// NULL or negative).
void kill_outcome_wire(const struct kill_outcome *outcome, const int64_t *charged_kb);

// The last process_mrelease of the outcome, or NULL if it was not called.
const struct call *mrelease_call(const struct kill_outcome *outcome);
