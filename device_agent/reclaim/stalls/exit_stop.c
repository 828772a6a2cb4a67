// exit-stop: a tracer stops the victim in do_exit() before exit_mm() (PTRACE_EVENT_EXIT, kernel/exit.c). This is a
// control: the task still has its mm, so process_mrelease(pidfd, 0) is never too late.
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "await.h"
#include "failure.h"
#include "stall.h"

static struct tracer {
	bool started;
	pid_t pid; // of the victim
	pthread_t thread;
	sem_t seized, let_go;
	int seize_errno;
} tracer;

// Only the thread that traces may wait for the stop and end it.
static void *trace(void *unused)
{
	siginfo_t event;
	prctl(PR_SET_NAME, STALL_COMM);
	long seized = ptrace(PTRACE_SEIZE, tracer.pid, 0L, (long)PTRACE_O_TRACEEXIT);
	tracer.seize_errno = seized < 0 ? errno : 0;
	sem_post(&tracer.seized);
	if (seized < 0)
		return unused;
	waitid(P_PID, (id_t)tracer.pid, &event, WSTOPPED | WEXITED | WNOWAIT | __WALL);
	await(&tracer.let_go);
	ptrace(PTRACE_DETACH, tracer.pid, 0L, 0L);
	return unused;
}

static int release(void)
{
	sem_post(&tracer.let_go);
	return 0;
}

static int end(void)
{
	if (!tracer.started)
		return 0;
	tracer.started = false;
	pthread_join(tracer.thread, NULL);
	errno = tracer.seize_errno;
	return errno == 0 ? 0 : failed("trace the victim");
}

static int hold(const struct victim *victim)
{
	tracer = (struct tracer){ .pid = victim->pid };
	sem_init(&tracer.seized, 0, 0);
	sem_init(&tracer.let_go, 0, 0);
	errno = pthread_create(&tracer.thread, NULL, trace, NULL);
	if (errno != 0)
		return failed("start the tracer");
	tracer.started = true;
	await(&tracer.seized);
	return tracer.seize_errno == 0 ? 0 : end();
}

static const struct stall stall_exit_stop = { .name = "exit-stop", .hold = hold, .release = release, .end = end };
REGISTER_STALL(stall_exit_stop);
