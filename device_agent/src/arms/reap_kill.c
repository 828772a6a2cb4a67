// reap-kill: one call that kills and reaps, so that the victim cannot get away with its memory between.
#include "../sys.h"
#include "arm.h"

static void run(const struct victim *victim, struct kill_outcome *outcome)
{
	step_mrelease(victim, PROCESS_MRELEASE_REAP_KILL, outcome);
}

const struct arm arm_reap_kill = { .name = "reap-kill", .kill = run };
