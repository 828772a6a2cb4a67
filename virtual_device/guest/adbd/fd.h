// Closes a file descriptor once.
#pragma once

#include <unistd.h>

// Closes `*fd` unless it is -1, and sets it to -1.
static inline void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}
