// reap-kill: one call kills and reaps, so the victim cannot drop its mm in between.
#include "../sys.h"
#include "arm.h"

static void run(const struct victim *victim, const struct arm_options *options, struct kill_outcome *outcome)
{
	(void)options;
	step_mrelease(victim, PROCESS_MRELEASE_REAP_KILL, outcome);
}

static int possible(void)
{
	return mrelease_possible(PROCESS_MRELEASE_REAP_KILL);
}

static const struct arm arm_reap_kill = { .name = "reap-kill", .possible = possible, .kill = run };
REGISTER_ARM(arm_reap_kill);
