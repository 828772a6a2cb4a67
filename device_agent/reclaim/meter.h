// A meter measures the memory that a victim holds: by its memory cgroup or, without one (a shell without root), by the
// free memory of the whole device. A new meter is one entry in meter.c.
#pragma once

#include <stdint.h>

#include "victim.h"

struct meter {
	const char *name;
	bool in_group;     // the victim has a memory cgroup of its own
	int64_t period_ns; // between samples
	int64_t enough_pct; // the share that must be back before sampling may end
	// NULL, or measures the noise before the victim starts, for about as long as the trial will last: by how many
	// kB the meter moved, or -1 with failed().
	int64_t (*begin)(int64_t hold_ns);
	// The kB held now; -1 with errno.
	int64_t (*charged_kb)(const struct victim *victim);
};

// The meter of that name, or NULL.
const struct meter *meter_find(const char *name);
