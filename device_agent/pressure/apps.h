// The background apps of an episode: processes with memory, threads and an oom_score_adj, each in a memory cgroup of
// its own. An app is idle, uses a part of its memory periodically, or is frozen as Android freezes cached apps.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "victim.h"

enum { APPS_MAX = 64 };

enum app_stall { APP_FREE, APP_HELD, APP_STARVED, APP_STALLS };

// The names of app stalls in plans and answers.
extern const char *const APP_STALL_NAMES[APP_STALLS];

struct app_plan {
	struct memory_plan memory;
	int64_t threads;
	int64_t adj;        // oom_score_adj
	int64_t touch_ns;   // the period in which it uses a part of its memory; 0: never
	int64_t frozen;     // 0 or 1
	enum app_stall stall;
	int64_t stall_ns;   // from its kill to the release; 0: until the end of the episode
};

struct app {
	const struct app_plan *plan;
	struct victim process;
};

struct apps {
	struct app items[APPS_MAX];
	size_t count;
};

// Starts all apps, in order. 0, or -1 with failed() and none running.
int apps_start(struct apps *apps, const struct app_plan *plans, size_t count, int first_group_number);
// The resident kB of an app (VmRSS); -1: it is a zombie or gone.
int64_t app_rss_kb(const struct app *app);
// The number of apps that have not exited.
int apps_alive(const struct apps *apps);
// Ends the remaining apps and removes their groups. 0, or -1 with failed().
int apps_end(struct apps *apps);
