// Runs several threads that repeat the same work until they are stopped.
#pragma once

#include <stdbool.h>

enum { CREW_MAX = 16 };

// Starts `count` threads that call prepare() once and work(argument) repeatedly; returns once each thread has finished
// its first call of work. 0, or -1 with failed(), also if a prepare() or a first work() failed.
int crew_start(int count, int (*prepare)(void), int (*work)(const void *argument), const void *argument);
// Waits until no thread of the crew has run for a while, because others keep its CPU busy. 0, or -1 with failed().
int crew_await_rest(void);
void crew_stop(void);
// Stops the threads and waits for their end.
void crew_join(void);
