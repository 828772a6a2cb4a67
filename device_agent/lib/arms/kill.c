// kill: only SIGKILL; the victim tears down its own memory.
#include "arm.h"

static void run(const struct victim *victim, const struct arm_options *options, struct kill_outcome *outcome)
{
	(void)options;
	step_sigkill(victim, outcome);
}

static const struct arm arm_kill = { .name = "kill", .kill = run };
REGISTER_ARM(arm_kill);
