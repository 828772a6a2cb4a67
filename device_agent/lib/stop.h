// Records a request to stop: SIGTERM, SIGINT, or SIGHUP (the adb link is gone).
#pragma once

#include <stdbool.h>

// Installs the signal handlers. 0, or -1 with failed().
int stop_on_signals(void);
bool stop_requested(void);
