// When the stand-in lmkd looks at memory, and whether there is too little.
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

enum { PSI_MONITORS = 2 };

// Registers the PSI triggers that the properties ask for, in place of older ones. False: the kernel refuses.
bool pressure_init(void);
size_t pressure_poll(struct pollfd *fds);
bool is_memory_low(const char *meminfo);
