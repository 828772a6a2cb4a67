// The file descriptors that the one poll() of the daemon waits for, and whom to tell.
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

// Ignored when `fd` is negative or `events` empty.
void watch_add(struct watch *watch, int fd, short events, bool *due);
// Waits for the first event, for ever when `timeout_ms` is negative; returns how many, 0 when none came.
int watch_wait(struct watch *watch, int timeout_ms);
