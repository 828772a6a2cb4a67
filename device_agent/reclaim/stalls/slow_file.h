// A file whose reads return only when released: a FUSE file system with one file, opened with O_DIRECT, that no other
// process can reach. On a phone: storage behind MediaProvider.
#pragma once

#include <stddef.h>

enum { SLOW_READ_SIZE = 64 * 1024 };

// Whether this device has FUSE and permits the mount: 0, or -1 with failed().
int slow_file_possible(void);
// Mounts the file system, opens the file and detaches the mount. The descriptor of the file, or -1 with failed().
int slow_file_open(void);
// Waits for a read request, which proves that a read is in progress. 0, or -1 with failed().
int slow_file_await_read(void);
// Answers the read. 0, or -1 with failed().
int slow_file_answer(void);
// Closes the file and ends the server.
void slow_file_close(void);
