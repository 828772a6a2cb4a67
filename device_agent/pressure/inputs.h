// Reads the inputs of lmkd's decision: the memory of the whole system, or of the cgroup that confines the episode.
#pragma once

#include <stdint.h>

#include "lmkd/decision.h"

// The totals of an episode are the differences of two of these.
struct memory_totals {
	struct pressure pressure;
	int64_t direct_stalls;   // the number of direct reclaims (allocstall_*)
	int64_t refaults_anon, refaults_file, swapped_in, swapped_out; // pages
	int64_t oom_kills;       // by the kernel
};

// Opens the files. limit_kb is the limit of the confining cgroup (group_confine()); 0: the whole system. 0, or -1 with
// failed().
int inputs_open(int64_t limit_kb);
// A new descriptor of the file for PSI triggers; -1 with failed().
int inputs_open_pressure(void);
// Reads everything except the event and the watermarks. 0, or -1 with failed().
int inputs_read(struct lmkd_inputs *inputs);
int inputs_read_watermarks(struct watermarks *watermarks);
int inputs_read_totals(struct memory_totals *totals);
// MemFree - CmaFree, from a separate descriptor, so that another thread may call this. -1 with errno.
int64_t inputs_free_kb(void);
void inputs_close(void);
