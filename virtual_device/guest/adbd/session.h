// The session with the one host: it greets, opens streams, and leaves or is lost.
#pragma once

#include <stdbool.h>

#include "watch.h"

// What `adb devices -l` shows of the device.
void session_set_product(const char *name);
void session_watch(struct watch *watch);
// How long to wait for an event at most; -1 for ever.
int session_timeout_ms(void);
// Does what the events call for; `timed_out` when there was none.
void session_go_on(bool timed_out);
// A child of ours has ended.
void session_child_ended(void);
// Ends the streams and what they run.
void session_end(void);
