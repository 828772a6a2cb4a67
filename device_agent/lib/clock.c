// Measures the real step of CLOCK_MONOTONIC, and sleeps by it.
#include "clock.h"

#include "sort.h"

enum { STEPS = 15 };

void sleep_until(int64_t moment_ns)
{
	const struct timespec moment = {
		.tv_sec = (time_t)(moment_ns / NS_PER_S),
		.tv_nsec = (long)(moment_ns % NS_PER_S),
	};
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &moment, NULL);
}

static int64_t next_step_ns(void)
{
	int64_t start = now_ns();
	int64_t next = start;
	while (next == start)
		next = now_ns();
	return next - start;
}

int64_t clock_step_ns(void)
{
	int64_t steps[STEPS];
	for (int i = 0; i < STEPS; i++)
		steps[i] = next_step_ns();
	sort_numbers(steps, STEPS);
	return steps[STEPS / 2]; // the median: a preempted read is no property of the clock
}
