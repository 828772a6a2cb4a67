// The background activity of any phone during an episode: services that read the /proc files of every app at low
// priority, and system_server compacting apps by process_madvise(2). Nothing is timed to a kill.
#pragma once

#include "apps.h"

struct noise_plan {
	int64_t readers;       // threads
	int64_t compaction_ns; // between two compactions; 0: none
};

// Starts the noise over the apps. 0, or -1 with failed().
int noise_start(const struct noise_plan *plan, const struct apps *apps);
// Stops the noise and waits for the end of its threads.
void noise_end(void);
