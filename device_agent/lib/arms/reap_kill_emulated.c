// reap-kill-emulated: the effect of the flag on a kernel without it. A tracer makes the main thread of the victim stop
// in do_exit() before exit_mm() (PTRACE_O_TRACEEXIT, kernel/exit.c) after SIGKILL. During the stop,
// process_mrelease(pidfd, 0) cannot be too late. Then the tracer detaches. Unlike the flag, this waits for the victim
// to be scheduled, and it cannot trace a thread that is traced already.
#include <signal.h>
#include <stdbool.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "../clock.h"
#include "../failure.h"
#include "arm.h"

static int prepare(const struct victim *victim)
{
	if (ptrace(PTRACE_SEIZE, victim->pid, 0L, (long)PTRACE_O_TRACEEXIT) < 0)
		return failed("trace the victim");
	return 0;
}

// WNOWAIT: if the victim has ended, its parent collects the status.
static int await_exit_stop(pid_t pid, siginfo_t *event)
{
	return waitid(P_PID, (id_t)pid, event, WSTOPPED | WEXITED | WNOWAIT | __WALL);
}

static bool is_at_exit(const siginfo_t *event)
{
	return event->si_code == CLD_TRAPPED && event->si_status == (SIGTRAP | PTRACE_EVENT_EXIT << 8);
}

static void run(const struct victim *victim, const struct arm_options *options, struct kill_outcome *outcome)
{
	(void)options;
	siginfo_t event = { 0 };
	step_sigkill(victim, outcome);
	if (outcome->kill_errno != 0)
		return;
	int64_t start_ns = now_ns();
	step_note(outcome, "waitid", start_ns, await_exit_stop(victim->pid, &event));
	step_mrelease(victim, 0, outcome);
	start_ns = now_ns();
	if (is_at_exit(&event))
		step_note(outcome, "ptrace", start_ns, ptrace(PTRACE_DETACH, victim->pid, 0L, 0L));
}

static int possible(void)
{
	return mrelease_possible(0);
}

static const struct arm arm_reap_kill_emulated = {
	.name = "reap-kill-emulated", .possible = possible, .prepare = prepare, .kill = run
};
REGISTER_ARM(arm_reap_kill_emulated);
