// kill+mrelease: SIGKILL, then at once process_mrelease(pidfd, 0): what lmkd does, without the work
// that it puts between the two calls.
#include "arm.h"

static void run(const struct victim *victim, struct kill_outcome *outcome)
{
	step_sigkill(victim, outcome);
	if (outcome->kill_errno == 0)
		step_mrelease(victim, 0, outcome);
}

const struct arm arm_kill_mrelease = { .name = "kill+mrelease", .kill = run };
