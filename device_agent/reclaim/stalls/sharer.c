// sharer, vfork: another process that is not a thread of the victim uses the same address space (CLONE_VM), or is a
// vfork child that has not called exec yet. The memory exists until that process ends.
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "await.h"
#include "failure.h"
#include "sys.h"
#include "stall.h"

enum { STACK_SIZE = 16 * 1024 };

static _Alignas(16) char stack[STACK_SIZE];
static _Atomic pid_t vfork_child;
static sem_t vforked;

static struct {
	pid_t pid;
	int pidfd;
} companion = { .pidfd = -1 };

// Runs on the memory of the victim: uses only system calls, no per-thread state of libc.
static int sleep_for_ever(void *unused)
{
	(void)unused;
	syscall(SYS_prctl, PR_SET_PDEATHSIG, (long)SIGKILL, 0L, 0L, 0L);
	vfork_child = (pid_t)syscall(SYS_getpid);
	sem_post(&vforked);
	for (;;)
		syscall(SYS_ppoll, NULL, 0L, NULL, NULL, 0L);
	return 0;
}

// CLONE_PARENT makes it a child of the agent, which can then wait for it.
static pid_t start_companion(int flags)
{
	return clone(sleep_for_ever, stack + STACK_SIZE, CLONE_VM | CLONE_PARENT | SIGCHLD | flags, NULL);
}

static int join_sharer(void *memory, pid_t *pid)
{
	(void)memory;
	sem_init(&vforked, 0, 0);
	*pid = start_companion(0);
	return *pid < 0 ? failed("start a process that shares the victim's memory") : 0;
}

static void *wait_in_vfork(void *unused)
{
	if (start_companion(CLONE_VFORK) < 0)
		sem_post(&vforked); // vfork_child stays 0
	return unused;
}

static int join_vfork(void *memory, pid_t *pid)
{
	pthread_t thread;
	(void)memory;
	sem_init(&vforked, 0, 0);
	errno = pthread_create(&thread, NULL, wait_in_vfork, NULL);
	if (errno != 0)
		return failed("start the thread that vforks");
	await(&vforked);
	*pid = vfork_child;
	return *pid > 0 ? 0 : refused("the victim could not vfork");
}

static int hold(const struct victim *victim)
{
	companion.pid = victim->companion;
	companion.pidfd = sys_pidfd_open(companion.pid);
	return companion.pidfd < 0 ? failed("open a pidfd of the victim's companion") : 0;
}

static int release(void)
{
	// ESRCH: the arm has killed it too
	if (sys_pidfd_send_signal(companion.pidfd, SIGKILL) < 0 && errno != ESRCH)
		return failed("end the victim's companion");
	return 0;
}

static int end(void)
{
	if (companion.pidfd < 0)
		return 0;
	int result = release();
	while (waitpid(companion.pid, NULL, __WALL) < 0)
		if (errno != EINTR) {
			result = failed("wait for the victim's companion");
			break;
		}
	close(companion.pidfd);
	companion.pidfd = -1;
	return result;
}

static const struct stall stall_sharer = {
	.name = "sharer", .join = join_sharer, .hold = hold, .release = release, .end = end
};
REGISTER_STALL(stall_sharer);

static const struct stall stall_vfork = {
	.name = "vfork", .join = join_vfork, .hold = hold, .release = release, .end = end
};
REGISTER_STALL(stall_vfork);
