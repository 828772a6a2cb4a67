// The session with the host: it greets, opens streams, and leaves or is lost.
#pragma once

#include <stdbool.h>

#include "watch.h"

// The device properties that `adb devices -l` shows.
void session_set_product(const char *name);
void session_watch(struct watch *watch);
// The longest time to wait for an event; -1: forever.
int session_timeout_ms(void);
// Handles the events; `timed_out`: there was none.
void session_go_on(bool timed_out);
// A child has ended.
void session_child_ended(void);
// Ends the streams and their programs.
void session_end(void);
