// The file descriptors that the daemon's poll() waits for, and the flags that it sets on events.
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#define WATCH_MAX 256u

struct watch {
	struct pollfd fds[WATCH_MAX];
	// Set to true when the descriptor has an event; may be NULL.
	bool *due[WATCH_MAX];
	size_t count;
};

// Ignored if `fd` is negative or `events` is empty.
void watch_add(struct watch *watch, int fd, short events, bool *due);
// Waits for the first event, forever if `timeout_ms` is negative. Returns the number of events; 0: timeout.
int watch_wait(struct watch *watch, int timeout_ms);
