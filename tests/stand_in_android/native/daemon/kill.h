// One kill of the stand-in lmkd, and the records that it leaves.
#pragma once

#include <stdint.h>

#include "records.h"

enum { REASON_AFTER_KILL = 0, REASON_LOW_MEM = 8 };

// What killinfo tells of how often lmkd woke up.
struct wakeups {
	long ms_since_event, ms_since_wakeup, since_event, skipped;
};

// Kills and reaps the victim, logs and tells it. Its record is gone afterwards.
// Returns a pidfd of it to wait for, or -1 when it could not be killed.
int kill_one(struct record *victim, int reason, int32_t min_adj, const char *meminfo, const struct wakeups *wakeups);
