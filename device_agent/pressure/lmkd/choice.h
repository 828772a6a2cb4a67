// Which process lmkd kills: from oom_score_adj 1000 down, by recency or by size (AOSP system/memory/lmkd
// lmkd.cpp, find_and_kill_process).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct candidate {
	pid_t pid;
	int adj;           // oom_score_adj
	int64_t adj_order; // rises with every setting of an adj: among equals the lowest is the oldest
	bool gone;         // killed or otherwise no candidate any more
};

// The index of the process to kill at or above min_score_adj, or -1: there is none. rss_kb() is asked where
// the heaviest of one adj is wanted: always when kill_heaviest_task, else at adj 200 and below.
int lmkd_choose(const struct candidate *candidates, size_t count, int min_score_adj, bool kill_heaviest_task,
		int64_t (*rss_kb)(const struct candidate *candidate));
