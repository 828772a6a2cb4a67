// Distinguishes the variants of process_mrelease(2): first by the flag, which a call with an invalid descriptor tests
// without side effects, then by a call on a disposable child.
#include "variant.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arms/arm.h"
#include "failure.h"
#include "sys.h"

enum { STACK_SIZE = 16 * 1024 };

static _Alignas(16) char stack[STACK_SIZE];

static int sleep_for_ever(void *unused)
{
	(void)unused;
	syscall(SYS_prctl, PR_SET_PDEATHSIG, (long)SIGKILL, 0L, 0L, 0L);
	for (;;)
		syscall(SYS_ppoll, NULL, 0L, NULL, NULL, 0L);
	return 0;
}

// Sends the pid of a sibling that shares its memory through the pipe.
static _Noreturn void become_sharer(int answer_fd)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	pid_t sibling = clone(sleep_for_ever, stack + STACK_SIZE, CLONE_VM | CLONE_PARENT | SIGCHLD, NULL);
	if (write(answer_fd, &sibling, sizeof(sibling)) != (ssize_t)sizeof(sibling))
		_exit(1);
	for (;;)
		pause();
}

static void end(pid_t pid)
{
	if (pid <= 0)
		return;
	kill(pid, SIGKILL); // our own child, not waited for yet
	while (waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
		;
}

// 0, or the errno of process_mrelease; -1 with failed().
static int mrelease_error(pid_t pid, unsigned int flags)
{
	int pidfd = sys_pidfd_open(pid);
	if (pidfd < 0)
		return failed("open a pidfd of a child");
	int error = sys_process_mrelease(pidfd, flags) < 0 ? errno : 0;
	close(pidfd);
	return error;
}

// v2 refuses memory shared by two processes, v3 kills both.
static const char *detect_reap_kill(void)
{
	int ends[2];
	pid_t sibling = -1;
	if (pipe2(ends, O_CLOEXEC) < 0) {
		failed("create a pipe");
		return NULL;
	}
	pid_t child = fork();
	if (child == 0)
		become_sharer(ends[1]);
	close(ends[1]);
	ssize_t length = child < 0 ? -1 : read(ends[0], &sibling, sizeof(sibling));
	close(ends[0]);
	bool shared = length == (ssize_t)sizeof(sibling) && sibling > 0;
	int error = shared ? mrelease_error(child, PROCESS_MRELEASE_REAP_KILL) :
			     failed("start two children that share memory");
	end(child);
	end(sibling);
	return error < 0 ? NULL : error == 0 ? "reap-kill-v3" : "reap-kill-v2";
}

// A kernel that keeps exit_mm finds the memory of a zombie; all others return ESRCH.
static const char *detect_exit_mm(void)
{
	siginfo_t ended;
	pid_t child = fork();
	if (child == 0)
		_exit(0);
	if (child < 0 || waitid(P_PID, (id_t)child, &ended, WEXITED | WNOWAIT) < 0) {
		failed("make a zombie");
		return NULL;
	}
	int error = mrelease_error(child, 0);
	end(child);
	return error < 0 ? NULL : error == 0 ? "exit-mm" : "stock";
}

const char *variant_detect(void)
{
	if (mrelease_possible(0) < 0)
		return NULL;
	if (mrelease_possible(PROCESS_MRELEASE_REAP_KILL) == 0)
		return detect_reap_kill();
	failure_clear();
	return detect_exit_mm();
}
