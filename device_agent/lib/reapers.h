// A pool of two reaper threads, like that of lmkd (AOSP system/memory/lmkd reaper.h). The pool accepts a job only if a
// thread is idle.
#pragma once

#include <stdbool.h>

// The name of the reaper threads, by which traces identify them.
#define REAPER_COMM "lmkd-reaper"

struct reapers_work {
	void (*run)(void *job);  // runs on a reaper thread
	void (*done)(void *job); // NULL, or called by that thread once it is idle again
};

// Starts the threads. 0, or -1 with failed() and none running.
int reapers_start(const struct reapers_work *work);
// Gives the job to an idle reaper; false: all are busy, and the job is not accepted.
bool reapers_offer(void *job);
// Waits until every accepted job has run, and ends the threads.
void reapers_end(void);
