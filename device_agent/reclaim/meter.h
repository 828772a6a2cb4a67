// What tells how much memory is held on a victim's account: the swap-point between its memory cgroup and, where
// none can be had (a shell without root), the free memory of the whole device. A new one is one entry in meter.c.
#pragma once

#include <stdint.h>

#include "victim.h"

struct meter {
	const char *name;
	bool in_group;     // the victim lives in a memory cgroup of its own
	int64_t period_ns; // between samples
	int64_t enough_pct; // what has to be back before sampling may end
	// NULL, or what it does before the victim is there, for about as long as the trial will be idle or held.
	// By how many kB the meter moved meanwhile, or -1 with failed().
	int64_t (*begin)(int64_t hold_ns);
	// kB held now; -1 with errno.
	int64_t (*charged_kb)(const struct victim *victim);
};

// The meter of that name, or NULL.
const struct meter *meter_find(const char *name);
