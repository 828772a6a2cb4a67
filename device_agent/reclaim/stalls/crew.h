// Several threads that do the same until they are told to stop.
#pragma once

#include <stdbool.h>

enum { CREW_MAX = 16 };

// Starts `count` threads that call work(argument) again and again, and returns once each has done it
// once. prepare runs first in each thread. 0, or -1 with failed(), also when one's prepare or first
// work failed.
int crew_start(int count, int (*prepare)(void), int (*work)(const void *argument), const void *argument);
void crew_stop(void);
// Tells them to stop and waits for their end.
void crew_join(void);
