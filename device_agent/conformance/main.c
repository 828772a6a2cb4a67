// lmkd-conformance CASE FLAGS: brings a process into a state, calls process_mrelease(2) with FLAGS on it, and
// prints line by line what the call gave and what became of the process. It judges nothing: the table of
// what each kernel must answer is in suites/conformance/answers.py.
//
// Without root it cannot see what was freed, and skips some cases. Exit status: 0 the case was tried, 1 it could
// not be, 2 wrong usage.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "case.h"
#include "process.h"

#ifndef SYS_process_mrelease
#define SYS_process_mrelease 448
#endif

static const struct {
	const char *name;
	void (*run)(unsigned int flags);
} CASES[] = {
	{ "bad-fd", case_bad_fd },
	{ "gone", case_gone },
	{ "kernel-thread", case_kernel_thread },
	{ "init", case_init },
	{ "live", case_live },
	{ "zombie", case_zombie },
	{ "dying", case_dying },
	{ "race", case_race },
	{ "sharer", case_sharer },
	{ "sharer-gone", case_sharer_gone },
	{ "dying-sharer", case_dying_sharer },
	{ "zombie-sharer", case_zombie_sharer },
	{ "vfork", case_vfork },
	{ "other-user", case_other_user },
	{ "dying-other-user", case_dying_other_user },
	{ "sharer-of-other-user", case_sharer_of_other_user },
	{ "outside-pid-namespace", case_outside_pid_namespace },
	{ "oom-reaped", case_oom_reaped },
	{ "coredump", case_coredump },
	{ "global-oom", case_global_oom },
	{ "robust-futex", case_robust_futex },
	{ "pattern-to-pipe", case_pattern_to_pipe },
	{ "pattern-to-file", case_pattern_to_file },
	{ "holder-of-live", case_holder_of_live },
	{ "holder-of-zombie", case_holder_of_zombie },
};

_Noreturn void die(const char *what)
{
	dprintf(STDERR_FILENO, "%s: %s\n", what, strerror(errno));
	_exit(1);
}

void say(const char *key, const char *value)
{
	if (dprintf(STDOUT_FILENO, "%s=%s\n", key, value) < 0)
		die("write");
}

const char *mrelease(int pidfd, unsigned int flags)
{
	if (syscall(SYS_process_mrelease, pidfd, flags) == 0)
		return "0";
	switch (errno) {
	case EAGAIN: return "EAGAIN";
	case EBADF: return "EBADF";
	case EBUSY: return "EBUSY";
	case EINTR: return "EINTR";
	case EINVAL: return "EINVAL";
	case ENOSYS: return "ENOSYS";
	case EPERM: return "EPERM";
	case ESRCH: return "ESRCH";
	default: return strerror(errno);
	}
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], CORE_RECEIVER) == 0)
		return receive_core();
	signal(SIGPIPE, SIG_IGN); // the end of a process is looked for, and found by its pidfd
	for (size_t i = 0; argc == 3 && i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		if (strcmp(argv[1], CASES[i].name) != 0)
			continue;
		CASES[i].run((unsigned int)strtoul(argv[2], NULL, 0));
		end_processes();
		return 0;
	}
	fprintf(stderr, "Usage: %s CASE FLAGS\n", argv[0]);
	return 2;
}
