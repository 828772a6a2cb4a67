// Reads a whole file of /proc/PID and forgets it.
#pragma once

#include <sys/types.h>

// 0, or -1 with errno.
int proc_read(pid_t pid, const char *name);
