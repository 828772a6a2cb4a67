// Lists the threads of a process.
#pragma once

#include <sys/types.h>

// Calls action for every thread of pid. 0, or -1 with errno: the threads could not be listed, or action failed for
// a thread (it is still called for the others).
int for_each_task(pid_t pid, int (*action)(pid_t tid, void *argument), void *argument);
