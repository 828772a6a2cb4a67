// Threads that only wait, as most of an app's do.
#pragma once

// Waits for ever.
_Noreturn void park(void);
// Starts `count` threads that wait for ever. 0, or -1 with failed().
int parked_threads_start(int count);
