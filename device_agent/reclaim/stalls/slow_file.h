// A file whose reads do not come back until they are let go: a FUSE file system of our own with one file,
// opened with O_DIRECT, that nobody but us can reach. On a phone: storage behind MediaProvider.
#pragma once

#include <stddef.h>

enum { SLOW_READ_SIZE = 64 * 1024 };

// Whether this device has FUSE and lets us mount it: 0, or -1 with failed().
int slow_file_possible(void);
// Mounts it, opens the file and takes the mount away again. The file's descriptor, or -1 with failed().
int slow_file_open(void);
// Waits until somebody reads: the proof that a read is under way. 0, or -1 with failed().
int slow_file_await_read(void);
// Answers the read. 0, or -1 with failed().
int slow_file_answer(void);
// Ends everything.
void slow_file_close(void);
