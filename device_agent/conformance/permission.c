// Cases whose caller may not signal the target, or a process that shares its memory.
#include <sched.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"
#include "process.h"
#include "target_memory.h"

enum { SOME_USER = 2000, OTHER_USER = 3000 };

static void become_user(void)
{
	if (syscall(SYS_setuid, SOME_USER) != 0)
		die("setuid");
}

// unshare() moves only children into the new pid namespace, so this forks, and the parent exits after the child.
static void enter_pid_namespace(void)
{
	if (unshare(CLONE_NEWPID) < 0)
		die("unshare");
	pid_t pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0)
		return;
	if (waitpid(pid, NULL, 0) < 0)
		die("waitpid");
	_exit(0);
}

// Reports the result of process_mrelease(2) for a process that has called `enter`.
static void report_mrelease_after(void (*enter)(void), int pidfd, unsigned int flags)
{
	pid_t pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		enter();
		report("ret", mrelease(pidfd, flags));
		_exit(0);
	}
	if (waitpid(pid, NULL, 0) < 0)
		die("waitpid");
}

static void case_other_user(unsigned int flags)
{
	struct process target = spawn_target();
	report_mrelease_after(become_user, target.pidfd, flags);
	report("target", fate(&target));
	report("freed", freed());
}
CASE(case_other_user, "other-user");

static void case_dying_other_user(unsigned int flags)
{
	struct process target = spawn_target();
	keep_dying(&target);
	report_mrelease_after(become_user, target.pidfd, flags);
	report("freed", freed());
}
CASE(case_dying_other_user, "dying-other-user");

static void case_sharer_of_other_user(unsigned int flags)
{
	struct process sharer, target = spawn_users_target_and_sharer(&sharer, SOME_USER, OTHER_USER);
	report_mrelease_after(become_user, target.pidfd, flags);
	report("target", fate(&target));
	report("sharer", fate(&sharer));
	report("freed", freed());
}
CASE(case_sharer_of_other_user, "sharer-of-other-user");

static void case_outside_pid_namespace(unsigned int flags)
{
	struct process target = spawn_target();
	report_mrelease_after(enter_pid_namespace, target.pidfd, flags);
	report("target", fate(&target));
	report("freed", freed());
}
CASE(case_outside_pid_namespace, "outside-pid-namespace");
