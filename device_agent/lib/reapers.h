// The pool of reaper threads, as lmkd has it (AOSP system/memory/lmkd reaper.h): two threads that run jobs; a job
// waits only if a thread is idle to take it.
#pragma once

#include <stdbool.h>

// The name of the reaper threads, by which traces identify them.
#define REAPER_COMM "lmkd-reaper"

struct reapers_work {
	void (*run)(void *job);  // on a reaper thread
	void (*done)(void *job); // NULL, or called by that thread once it is idle again
};

// Starts the threads. 0, or -1 with failed() and none running.
int reapers_start(const struct reapers_work *work);
// Gives the job to an idle reaper; false: all are busy, and the job is not taken.
bool reapers_offer(void *job);
// Waits until every job that was taken has run, and ends the threads.
void reapers_end(void);
