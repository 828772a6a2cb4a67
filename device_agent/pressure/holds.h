// Takes hold of apps before they are killed, and lets go a given time after: a reader in another process that
// is stuck inside process_vm_readv(2), as many at a time as there are apps; or their CPU, taken by a busy thread.
#pragma once

#include "apps.h"

// Takes hold of every app whose plan says so. 0, or -1 with failed() and nothing held.
int holds_take(const struct apps *apps);
// App number i is being killed: from now on a starved one gets no CPU.
void holds_killed(size_t i);
// Lets go of app number i, if it is held. Never blocks.
void holds_release(size_t i);
// Lets go of all and waits for the readers' end.
void holds_end(void);
