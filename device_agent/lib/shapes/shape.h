// What a victim's memory is made of. A new shape is one new file here, which registers
// it.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../registry.h"

struct shape;

// The memory that a plan asks for.
struct memory_plan {
	const struct shape *shape;
	int64_t size_kb;
	int64_t dirty_pct;    // of the pages of private files: written, and so the victim's own
	int64_t compress_pct; // of every page: zeros
};

struct shape {
	const char *name;
	bool needs_file; // make() is given an empty file, kept open by the agent until the trial has ended
	bool in_swap;    // its charge is counted with what is swapped out
	// NULL (always possible), or 0, or -1 with failed(): why it cannot be made on this device.
	int (*possible)(void);
	// Runs in the victim. Makes the memory; where it begins, or NULL with failed().
	void *(*make)(const struct memory_plan *plan, int file_fd);
	// How much of it can come back when the victim dies; NULL: all of it.
	int64_t (*returns_kb)(const struct memory_plan *plan);
	// How much of it lies in one piece from where make() says that it begins; NULL: all of it.
	int64_t (*contiguous_kb)(const struct memory_plan *plan);
};

// Makes the shape known to the probe and to plans.
#define REGISTER_SHAPE(entry) REGISTER(lmkd_shapes, struct shape, entry)

// The shape of that name, or NULL.
const struct shape *shape_find(const char *name);
// The shape that follows the name in alphabetical order, or NULL; the first one follows "".
const struct shape *shape_after(const char *name);
// As struct field wants it.
int shape_choose(void *at, const char *name);
// What can come back of the plan's memory, in kB.
int64_t shape_returns_kb(const struct memory_plan *plan);
// What lies in one piece from the beginning of the plan's memory, in kB.
int64_t shape_contiguous_kb(const struct memory_plan *plan);
