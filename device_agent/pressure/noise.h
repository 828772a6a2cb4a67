// What goes on beside the episode on any phone: services that read every app's /proc files at low priority, and
// system_server compacting apps by process_madvise(2). Nothing is aimed at the moment of a kill.
#pragma once

#include "apps.h"

struct noise_plan {
	int64_t readers;       // threads
	int64_t compaction_ns; // from the end of one to the start of the next; 0: none
};

// Starts the noise over the apps. 0, or -1 with failed().
int noise_start(const struct noise_plan *plan, const struct apps *apps);
// Ends it and waits for the threads' end.
void noise_end(void);
