// A thread that keeps one CPU busy, so that SCHED_IDLE threads bound to the same CPU hardly run.
#pragma once

#include <sys/types.h>

// The CPU that is kept busy is the first that the agent may use. Whether
// there is another CPU for everybody else: 0, or -1 with failed().
int hog_possible(void);
// Binds a thread to that CPU as one that runs only when nobody else wants to. 0, or -1 with errno.
int hog_starve(pid_t tid, void *unused);
// Binds a thread to that CPU. 0, or -1 with errno.
int hog_bind(pid_t tid);
// Starts the busy thread, and returns once it runs. 0, or -1 with failed().
int hog_start(void);
// Tells it to end; hog_join() waits for that.
void hog_stop(void);
void hog_join(void);
