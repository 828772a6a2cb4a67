// Reads what lmkd looks at: the whole system's memory, or that of a cgroup that confines the episode.
#pragma once

#include <stdint.h>

#include "lmkd/decision.h"

// Totals of an episode are differences of two of these.
struct memory_totals {
	struct pressure pressure;
	int64_t direct_stalls;   // times a task had to reclaim memory itself (allocstall_*)
	int64_t refaults_anon, refaults_file, swapped_in, swapped_out; // pages
	int64_t oom_kills;       // by the kernel
};

// Opens the files. limit_kb is what the confining cgroup may hold (group_confine()), 0: the whole system is
// looked at. 0, or -1 with failed().
int inputs_open(int64_t limit_kb);
// A new descriptor of the file whose triggers tell of memory pressure; -1 with failed().
int inputs_open_pressure(void);
// Everything but the event and the watermarks. 0, or -1 with failed().
int inputs_read(struct lmkd_inputs *inputs);
int inputs_read_watermarks(struct watermarks *watermarks);
int inputs_read_totals(struct memory_totals *totals);
// MemFree - CmaFree, from a file of its own, so that another thread may ask. -1 with errno.
int64_t inputs_free_kb(void);
void inputs_close(void);
