// The one clock of all measurements: CLOCK_MONOTONIC in ns.
#pragma once

#include <stdint.h>
#include <time.h>

#define NS_PER_US INT64_C(1000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)

static inline int64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now); // cannot fail for this clock and a valid pointer
	return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

// Sleeps until that moment of CLOCK_MONOTONIC; a signal ends the sleep early.
void sleep_until(int64_t moment_ns);
// Sleeps for that long; a signal ends the sleep early.
void sleep_for(int64_t duration_ns);
// Measures the real step of the clock by reading it: clock_getres() reports 1 ns even when the clock has fallen
// back to timer ticks. Takes at most about 100 ms.
int64_t clock_step_ns(void);
