// One process: bad descriptors, alive, dying, zombie, gone; and no process of user space at all.
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"
#include "process.h"

void case_bad_fd(unsigned int flags)
{
	say("ret", mrelease(-1, flags));
}

void case_gone(unsigned int flags)
{
	struct process target = spawn_target();
	kill_process(&target);
	if (waitpid(target.pid, NULL, 0) < 0)
		die("waitpid");
	say("ret", mrelease(target.pidfd, flags));
}

static int open_pidfd(pid_t pid)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0u);
	if (pidfd < 0)
		die("pidfd_open");
	return pidfd;
}

void case_kernel_thread(unsigned int flags)
{
	enum { KTHREADD = 2 };
	say("ret", mrelease(open_pidfd(KTHREADD), flags));
}

void case_init(unsigned int flags)
{
	say("ret", mrelease(open_pidfd(1), flags));
}

void case_live(unsigned int flags)
{
	struct process target = spawn_target();
	say("ret", mrelease(target.pidfd, flags));
	say("target", fate(&target));
	say("freed", freed());
}

void case_zombie(unsigned int flags)
{
	struct process target = spawn_target();
	let_go(&target);
	say("ret", mrelease(target.pidfd, flags));
	say("target", fate(&target));
}

void case_dying(unsigned int flags)
{
	struct process target = spawn_target();
	keep_dying(&target);
	say("ret", mrelease(target.pidfd, flags));
	say("freed", freed());
}

// The natural race between the target's exit and the call, often enough that both sides of it are met;
// what may never come is another error, or a kernel that trips over an mm that is just torn down.
void case_race(unsigned int flags)
{
	enum { ROUNDS = 200 };
	bool seen_ok = false, seen_esrch = false;
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
			seen_ok = true;
		else if (result[1] == 'S')
			seen_esrch = true;
		else
			say("ret", result);
	}
	say("ok", seen_ok ? "seen" : "never");
	say("ESRCH", seen_esrch ? "seen" : "never");
}
