// kill: SIGKILL only; the victim tears its memory down by itself.
#include "arm.h"

static void run(const struct victim *victim, struct kill_outcome *outcome)
{
	step_sigkill(victim, outcome);
}

const struct arm arm_kill = { .name = "kill", .kill = run };
