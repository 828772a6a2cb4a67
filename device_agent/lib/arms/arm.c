// The registry of arms and their two system calls.
#include "arm.h"

#include <errno.h>
#include <signal.h>

#include "../clock.h"
#include "../failure.h"
#include "../sys.h"
#include "../wire.h"

static const char MRELEASE[] = "process_mrelease";

DECLARE_REGISTRY(lmkd_arms);

const struct arm *arm_find(const char *name)
{
	return registry_find(REGISTRY(lmkd_arms), name);
}

const struct arm *arm_after(const char *name)
{
	return registry_after(REGISTRY(lmkd_arms), name);
}

int arm_choose(void *at, const char *name)
{
	const struct arm *arm = arm_find(name);
	*(const struct arm **)at = arm;
	return arm == NULL ? -1 : 0;
}

void step_note(struct kill_outcome *outcome, const char *name, int64_t start_ns, long result)
{
	int error = result < 0 ? errno : 0;
	if (outcome->call_count < MAX_CALLS)
		outcome->calls[outcome->call_count++] = (struct call){
			.name = name, .start_ns = start_ns, .took_ns = now_ns() - start_ns, .error = error
		};
}

void step_sigkill(const struct victim *victim, struct kill_outcome *outcome)
{
	int64_t start_ns = now_ns();
	outcome->killed_ns = start_ns;
	step_note(outcome, "pidfd_send_signal", start_ns, sys_pidfd_send_signal(victim->pidfd, SIGKILL));
	outcome->kill_errno = outcome->calls[outcome->call_count - 1].error;
}

void step_mrelease(const struct victim *victim, unsigned int flags, struct kill_outcome *outcome)
{
	int64_t start_ns = now_ns();
	if (outcome->killed_ns == 0) // this call sends the SIGKILL
		outcome->killed_ns = start_ns;
	step_note(outcome, MRELEASE, start_ns, sys_process_mrelease(victim->pidfd, flags));
}

// The pidfd -1 is never valid, so the error shows how far the call got. EBADF: the flags are valid. EINVAL: they are
// not (flags are checked first). ENOSYS: the call does not exist.
int mrelease_possible(unsigned int flags)
{
	errno = 0;
	sys_process_mrelease(-1, flags);
	if (errno == EBADF)
		return 0;
	return refused("the kernel answers %s to process_mrelease(-1, %u)", errno_name(errno), flags);
}

const struct call *mrelease_call(const struct kill_outcome *outcome)
{
	for (size_t i = outcome->call_count; i-- > 0;)
		if (outcome->calls[i].name == MRELEASE)
			return &outcome->calls[i];
	return NULL;
}

static void call_wire(const struct call *call, int64_t killed_ns, int64_t charged_kb)
{
	wire_open(NULL, '{');
	wire_text("name", call->name);
	wire_number("start_ns", call->start_ns - killed_ns);
	wire_number("took_ns", call->took_ns);
	wire_text("errno", errno_name(call->error));
	wire_number_or_null("charged_kb", charged_kb);
	wire_close('}');
}

void kill_outcome_wire(const struct kill_outcome *outcome, const int64_t *charged_kb)
{
	wire_open("calls", '[');
	for (size_t i = 0; i < outcome->call_count; i++)
		call_wire(&outcome->calls[i], outcome->killed_ns, charged_kb == NULL ? -1 : charged_kb[i]);
	wire_close(']');
}
