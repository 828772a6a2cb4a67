// A shape: the kind of memory that a victim has. A new shape is one new file here, which registers it.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../registry.h"

struct shape;

// The memory of a planned victim.
struct memory_plan {
	const struct shape *shape;
	int64_t size_kb;
	int64_t dirty_pct;    // of the pages of private files: written, so they belong to the victim
	int64_t compress_pct; // of every page: filled with zeros
};

// The numbers of a memory plan besides its size, as words of a trial's plan: name, least and greatest value.
#define MEMORY_NUMBERS(NUMBER) NUMBER(dirty_pct, 1, 100) NUMBER(compress_pct, 0, 100)

struct shape {
	const char *name;
	bool needs_file; // make() gets an empty file, which the agent keeps open until the trial has ended
	bool in_swap;    // its charge includes swapped memory
	// NULL: always possible. Otherwise 0, or -1 with failed(): the reason why this device cannot make it.
	int (*possible)(void);
	// Runs in the victim and makes the memory: its start, or NULL with failed().
	void *(*make)(const struct memory_plan *plan, int file_fd);
	// The part that can come back when the victim dies; NULL: all of it.
	int64_t (*returns_kb)(const struct memory_plan *plan);
	// The contiguous part at the start that make() returns; NULL: all of it.
	int64_t (*contiguous_kb)(const struct memory_plan *plan);
};

// Makes the shape known to the probe and to plans.
#define REGISTER_SHAPE(entry) REGISTER(lmkd_shapes, struct shape, entry)

// The shape of that name, or NULL.
const struct shape *shape_find(const char *name);
// The shape that follows the name in alphabetical order, or NULL; the first one follows "".
const struct shape *shape_after(const char *name);
// The chooser for struct field.
int shape_choose(void *at, const char *name);
// The kB that can come back of the planned memory.
int64_t shape_returns_kb(const struct memory_plan *plan);
// The contiguous kB at the start of the planned memory.
int64_t shape_contiguous_kb(const struct memory_plan *plan);
