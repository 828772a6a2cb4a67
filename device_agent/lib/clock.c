// Measures the real step of CLOCK_MONOTONIC and sleeps on that clock.
#include "clock.h"

#include "sort.h"

enum { STEPS = 15 };

static void sleep_ns(int64_t time_ns, int flags)
{
	const struct timespec time = {
		.tv_sec = (time_t)(time_ns / NS_PER_S),
		.tv_nsec = (long)(time_ns % NS_PER_S),
	};
	clock_nanosleep(CLOCK_MONOTONIC, flags, &time, NULL);
}

void sleep_until(int64_t moment_ns)
{
	sleep_ns(moment_ns, TIMER_ABSTIME);
}

void sleep_for(int64_t duration_ns)
{
	sleep_ns(duration_ns, 0);
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
	return steps[STEPS / 2]; // the median excludes preempted reads
}
