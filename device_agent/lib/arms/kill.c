// kill: SIGKILL only; the victim tears its memory down by itself.
#include "arm.h"

static void run(const struct victim *victim, const struct arm_options *options, struct kill_outcome *outcome)
{
	(void)options;
	step_sigkill(victim, outcome);
}

static const struct arm arm_kill = { .name = "kill", .kill = run };
REGISTER_ARM(arm_kill);
