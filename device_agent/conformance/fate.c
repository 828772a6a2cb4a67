// Observes and steers processes: their fate, their end, and a stop just before they lose their memory.
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"
#include "failure.h"
#include "process.h"
#include "text.h"

static const char *how_it_ended(const siginfo_t *info)
{
	static char text[4][16];
	static int next;
	char *name = text[next++ % 4];
	if (info->si_code == CLD_EXITED)
		text_format(name, sizeof(text[0]), "exit %d", info->si_status);
	else if (info->si_status == SIGKILL)
		strcpy(name, "SIGKILL");
	else if (info->si_status == SIGBUS)
		strcpy(name, "SIGBUS");
	else
		text_format(name, sizeof(text[0]), "signal %d", info->si_status);
	return name;
}

// A SIGKILL is pending when the call that sent it returns, and a process with a pending SIGKILL never returns to user
// space: it answers only if it was not killed.
const char *fate(const struct process *process)
{
	char answer;
	siginfo_t info = { 0 };
	struct pollfd ends[] = { { .fd = process->channel, .events = POLLIN },
				 { .fd = process->pidfd, .events = POLLIN } };
	if (write(process->channel, "p", 1) != 1 && errno != EPIPE)
		die("ping");
	if (poll(ends, 2, -1) < 0)
		die("poll");
	// A channel that is readable without a byte was closed by an ending process.
	if (ends[0].revents != 0 && read(process->channel, &answer, 1) == 1)
		return "alive";
	if (waitid(P_PIDFD, (id_t)process->pidfd, &info, WEXITED | WNOWAIT) < 0)
		die("waitid");
	return how_it_ended(&info);
}

void await_end(const struct process *process)
{
	struct pollfd end = { .fd = process->pidfd, .events = POLLIN };
	if (poll(&end, 1, -1) < 0)
		die("poll");
}

void let_go(const struct process *process)
{
	if (write(process->channel, "q", 1) != 1)
		die("let go of a process");
	await_end(process);
}

void kill_process(const struct process *process)
{
	if (kill(process->pid, SIGKILL) < 0)
		die("kill");
}

void keep_when_dying(const struct process *process)
{
	if (ptrace(PTRACE_SEIZE, process->pid, NULL, PTRACE_O_TRACEEXIT) < 0)
		die("PTRACE_SEIZE");
}

void await_dying(const struct process *process)
{
	int status;
	if (waitpid(process->pid, &status, __WALL) < 0)
		die("waitpid");
	if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXIT << 8))
		return;
	refused("a process did not stop before its end");
	die_failed();
}

void keep_dying(const struct process *process)
{
	keep_when_dying(process);
	kill_process(process);
	await_dying(process);
}
