// The table of arms and the two system calls that they are made of.
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>

#include "../clock.h"
#include "../name_list.h"
#include "../sys.h"
#include "arm.h"

static const struct arm *const ARMS[] = {
	&arm_kill,
	&arm_kill_mrelease,
	&arm_reap_kill,
};

enum { ARM_COUNT = sizeof(ARMS) / sizeof(ARMS[0]) };

const struct arm *arm_find(const char *name)
{
	for (size_t i = 0; i < ARM_COUNT; i++)
		if (strcmp(ARMS[i]->name, name) == 0)
			return ARMS[i];
	return NULL;
}

const char *arm_names(void)
{
	static char names[256];
	size_t used = 0;
	for (size_t i = 0; i < ARM_COUNT; i++)
		name_list_add(names, sizeof(names), &used, ARMS[i]->name);
	return names;
}

void step_sigkill(const struct victim *victim, struct kill_outcome *outcome)
{
	outcome->killed_ns = now_ns();
	outcome->kill_errno = sys_pidfd_send_signal(victim->pidfd, SIGKILL) < 0 ? errno : 0;
	outcome->last_call_ns = now_ns() - outcome->killed_ns;
}

void step_mrelease(const struct victim *victim, unsigned int flags, struct kill_outcome *outcome)
{
	outcome->mrelease_start_ns = now_ns();
	if (outcome->killed_ns == 0) // this very call sends the SIGKILL
		outcome->killed_ns = outcome->mrelease_start_ns;
	outcome->mrelease_errno = sys_process_mrelease(victim->pidfd, flags) < 0 ? errno : 0;
	outcome->last_call_ns = now_ns() - outcome->mrelease_start_ns;
}
