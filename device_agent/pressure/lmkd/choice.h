// Chooses the process that lmkd kills: from oom_score_adj 1000 down, by age or by size (AOSP system/memory/lmkd
// lmkd.cpp, find_and_kill_process).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct candidate {
	pid_t pid;
	int adj;           // oom_score_adj
	int64_t adj_order; // increases with every change of an adj; among equal adjs the lowest is the oldest
	bool gone;         // killed, or no longer a candidate
};

// The index of the process to kill at or above min_score_adj, or -1: there is none. Calls rss_kb() to find the heaviest
// process of an adj: always with kill_heaviest_task, otherwise at adj 200 and below.
int lmkd_choose(const struct candidate *candidates, size_t count, int min_score_adj, bool kill_heaviest_task,
		int64_t (*rss_kb)(const struct candidate *candidate));
