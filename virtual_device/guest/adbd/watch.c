// Waits with one poll() for all descriptors.
#include "watch.h"

#include <errno.h>

#include "report.h"

void watch_add(struct watch *watch, int fd, short events, bool *due)
{
	if (fd < 0 || events == 0 || watch->count == WATCH_MAX)
		return;
	watch->fds[watch->count] = (struct pollfd){ .fd = fd, .events = events };
	watch->due[watch->count] = due;
	watch->count++;
}

int watch_wait(struct watch *watch, int timeout_ms)
{
	int ready = poll(watch->fds, watch->count, timeout_ms);
	if (ready < 0)
		return errno == EINTR ? watch_wait(watch, timeout_ms) : failed("poll");
	for (size_t i = 0; i < watch->count; i++)
		if (watch->fds[i].revents != 0 && watch->due[i] != NULL)
			*watch->due[i] = true;
	return ready;
}
