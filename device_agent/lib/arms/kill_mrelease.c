// kill+mrelease: SIGKILL, then process_mrelease(pidfd, 0): what lmkd does, at once or after a given delay.
#include <time.h>

#include "../clock.h"
#include "arm.h"

static void wait_for(int64_t delay_ns)
{
	const struct timespec delay = {
		.tv_sec = (time_t)(delay_ns / NS_PER_S),
		.tv_nsec = (long)(delay_ns % NS_PER_S),
	};
	clock_nanosleep(CLOCK_MONOTONIC, 0, &delay, NULL); // a signal only makes it shorter; the record tells
}

static void run(const struct victim *victim, const struct arm_options *options, struct kill_outcome *outcome)
{
	step_sigkill(victim, outcome);
	if (outcome->kill_errno != 0)
		return;
	if (options->delay_ns > 0)
		wait_for(options->delay_ns);
	step_mrelease(victim, 0, outcome);
}

static int possible(void)
{
	return mrelease_possible(0);
}

static const struct arm arm_kill_mrelease = { .name = "kill+mrelease", .possible = possible, .kill = run };
REGISTER_ARM(arm_kill_mrelease);
