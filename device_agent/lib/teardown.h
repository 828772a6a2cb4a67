// Who tore a victim's address space down: the kernel's trace event mmap:exit_mmap tells in whose context
// exit_mmap() ran (mm/mmap.c), which is whoever dropped the last use of the mm.
#pragma once

// Starts a trace instance of our own. Where the kernel has none, teardown_by() says "".
void teardown_watch(void);
// Forgets what has been seen.
void teardown_forget(void);
// "victim", "reaper", "stall", "kworker", "other", or "": nobody has, or the kernel cannot tell.
const char *teardown_by(void);
// Removes the trace instance.
void teardown_unwatch(void);
