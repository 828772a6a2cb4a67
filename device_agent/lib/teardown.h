// Finds the context that tore down a victim's address space. The kernel's trace event mmap:exit_mmap shows the context
// of exit_mmap() (mm/mmap.c): the task that dropped the last use of the mm.
#pragma once

// Creates a trace instance. If the kernel supports none, teardown_by() returns "".
void teardown_watch(void);
// Discards the events so far.
void teardown_forget(void);
// "victim", "reaper", "stall", "kworker", "other", or "": there was no event, or the kernel reports none.
const char *teardown_by(void);
// Removes the trace instance.
void teardown_unwatch(void);
