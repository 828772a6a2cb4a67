// Small files of /proc, as both stand-in daemons read them.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

// The whole file, cut to size, with a NUL. False when it cannot be read.
bool read_file(const char *path, char *buffer, size_t size);
bool write_file(const char *path, const char *text);
// The number after "KEY:" at a line's start of text; -1 without such a line.
long number_after(const char *text, const char *key);
// VmRSS of a process; 0 when it is gone.
long rss_kb_of(pid_t pid);
