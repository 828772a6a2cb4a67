// When the stand-in lmkd looks at memory, and whether there is too little.
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

enum { PSI_MONITORS = 2 };

// Reads the properties, and registers the PSI triggers that they ask for in place of older ones. False: the kernel
// refuses.
bool pressure_init(void);
size_t pressure_poll(struct pollfd *fds);
// How long a victim may take to die before the next kill; 0: as long as it likes.
long kill_timeout_ms(void);
bool read_meminfo(char *text, size_t size);
bool is_memory_low(const char *meminfo);
