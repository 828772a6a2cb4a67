// Starts threads that only wait, like most threads of an app.
#pragma once

// Waits forever.
_Noreturn void park(void);
// Starts `count` threads that wait forever. 0, or -1 with failed().
int parked_threads_start(int count);
