// kill+mrelease: SIGKILL, then process_mrelease(pidfd, 0), like lmkd, immediately or after a given delay.
#include "../clock.h"
#include "arm.h"

static void run(const struct victim *victim, const struct arm_options *options, struct kill_outcome *outcome)
{
	step_sigkill(victim, outcome);
	if (outcome->kill_errno != 0)
		return;
	if (options->delay_ns > 0)
		sleep_for(options->delay_ns); // the record shows whether a signal made it shorter
	step_mrelease(victim, 0, outcome);
}

static int possible(void)
{
	return mrelease_possible(0);
}

static const struct arm arm_kill_mrelease = { .name = "kill+mrelease", .possible = possible, .kill = run };
REGISTER_ARM(arm_kill_mrelease);
