// Opens and reads files of /proc/PID.
#pragma once

#include <sys/types.h>

// A descriptor for reading, or -1 with errno.
int proc_open(pid_t pid, const char *name);
// Reads the whole file and discards it, as a monitoring service does. 0, or -1 with errno.
int proc_read(pid_t pid, const char *name);
