// Holds apps before their kill and releases them a given time after it: by a reader in another process that is blocked
// inside process_vm_readv(2), up to one per app; or by a busy thread that takes their CPU.
#pragma once

#include "apps.h"

// Holds every app whose plan has a stall. 0, or -1 with failed() and no hold.
int holds_take(const struct apps *apps);
// App number i is being killed: if it is starved, it gets no CPU from now on.
void holds_killed(size_t i);
// Releases app number i, if it is held. Never blocks.
void holds_release(size_t i);
// Releases all apps and waits for the end of the readers.
void holds_end(void);
