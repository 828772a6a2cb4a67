// Cases with one process or none: bad descriptors, alive, dying, zombie, gone; kernel thread and init.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"
#include "process.h"
#include "target_memory.h"

static void case_bad_fd(unsigned int flags)
{
	report("ret", mrelease(-1, flags));
}
CASE(case_bad_fd, "bad-fd");

static void case_gone(unsigned int flags)
{
	struct process target = spawn_target();
	kill_process(&target);
	if (waitpid(target.pid, NULL, 0) < 0)
		die("waitpid");
	report("ret", mrelease(target.pidfd, flags));
}
CASE(case_gone, "gone");

static int open_pidfd(pid_t pid)
{
	int pidfd = sys_pidfd_open(pid);
	if (pidfd < 0)
		die("pidfd_open");
	return pidfd;
}

static void case_kernel_thread(unsigned int flags)
{
	enum { KTHREADD = 2 };
	report("ret", mrelease(open_pidfd(KTHREADD), flags));
}
CASE(case_kernel_thread, "kernel-thread");

static void case_init(unsigned int flags)
{
	report("ret", mrelease(open_pidfd(1), flags));
}
CASE(case_init, "init");

static void case_live(unsigned int flags)
{
	struct process target = spawn_target();
	report("ret", mrelease(target.pidfd, flags));
	report("target", fate(&target));
	report("freed", freed());
}
CASE(case_live, "live");

static void case_zombie(unsigned int flags)
{
	struct process target = spawn_target();
	let_go(&target);
	report("ret", mrelease(target.pidfd, flags));
	report("target", fate(&target));
}
CASE(case_zombie, "zombie");

static void case_dying(unsigned int flags)
{
	struct process target = spawn_target();
	keep_dying(&target);
	report("ret", mrelease(target.pidfd, flags));
	report("freed", freed());
}
CASE(case_dying, "dying");

// The natural race between the exit of the target and the call, repeated often enough for both results. Another error
// must never occur, nor a kernel crash on an mm that is being torn down.
static void case_race(unsigned int flags)
{
	enum { ROUNDS = 200 };
	bool had_ok = false, had_esrch = false;
	for (int i = 0; i < ROUNDS; i++) {
		pid_t pid = fork();
		if (pid < 0)
			die("fork");
		if (pid == 0)
			_exit(0);
		int pidfd = open_pidfd(pid);
		if (kill(pid, SIGKILL) < 0)
			die("kill");
		for (int spin = 0; spin < i * 100; spin++) // later in each round
			__asm__ volatile("");
		const char *result = mrelease(pidfd, flags);
		if (waitpid(pid, NULL, 0) < 0 || close(pidfd) < 0)
			die("waitpid");
		if (result[0] == '0')
			had_ok = true;
		else if (result[1] == 'S')
			had_esrch = true;
		else
			report("ret", result);
	}
	report("ok", had_ok ? "seen" : "never");
	report("ESRCH", had_esrch ? "seen" : "never");
}
CASE(case_race, "race");
