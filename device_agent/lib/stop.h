// Whether the agent was told to end: by SIGTERM, SIGINT, or SIGHUP (the adb link went away).
#pragma once

#include <stdbool.h>

// Catches the signals from now on. 0, or -1 with failed().
int stop_on_signals(void);
bool stop_requested(void);
