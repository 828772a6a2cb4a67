// Keeps one CPU busy with a thread, so that SCHED_IDLE threads bound to the same CPU hardly run.
#pragma once

#include <sys/types.h>

// Whether another CPU remains for everything else: 0, or -1 with failed(). The busy CPU is the first of those that
// the agent may use.
int hog_possible(void);
// Makes a thread SCHED_IDLE and binds it to that CPU. 0, or -1 with errno.
int hog_starve(pid_t tid, void *unused);
// Binds a thread to that CPU. 0, or -1 with errno.
int hog_bind(pid_t tid);
// Starts the busy thread and returns once it runs. 0, or -1 with failed().
int hog_start(void);
// Asks the thread to end; hog_join() waits for its end.
void hog_stop(void);
void hog_join(void);
