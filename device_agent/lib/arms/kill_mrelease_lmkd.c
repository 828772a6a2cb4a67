// kill+mrelease@lmkd: includes the work of lmkd's reaper between the two calls, which makes the victim die on the fast
// CPUs (AOSP system/memory/lmkd reaper.cpp, reap_process_mrelease: task profiles CPUSET_SP_FOREGROUND and
// SCHED_SP_FOREGROUND for the victim, then nice 0 for each of its threads).
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../clock.h"
#include "../failure.h"
#include "../tasks.h"
#include "../text.h"
#include "arm.h"

// The files of the two profiles in AOSP's task_profiles.json and cgroups.json.
#define CPUSET_FOREGROUND "/dev/cpuset/foreground/cgroup.procs"
#define CPU_ROOT "/dev/cpuctl/cgroup.procs"

enum { NORMAL_NICE = 0 };

static int possible(void)
{
	if (mrelease_possible(0) < 0)
		return -1;
	if (access(CPUSET_FOREGROUND, W_OK) < 0)
		return failed("write to " CPUSET_FOREGROUND);
	return 0;
}

// A kernel may lack the cpu controller: the open then fails, as in lmkd.
static long join_group(const char *procs, const char *pid)
{
	int fd = open(procs, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	long result = write(fd, pid, strlen(pid));
	int error = errno;
	close(fd);
	errno = error;
	return result;
}

static int raise_thread(pid_t tid, void *unused)
{
	(void)unused;
	return setpriority(PRIO_PROCESS, (id_t)tid, NORMAL_NICE);
}

static void boost(pid_t victim, struct kill_outcome *outcome)
{
	char pid[16];
	text_format(pid, sizeof(pid), "%d", (int)victim);
	int64_t start_ns = now_ns();
	step_note(outcome, "cpuset", start_ns, join_group(CPUSET_FOREGROUND, pid));
	start_ns = now_ns();
	step_note(outcome, "cpuctl", start_ns, join_group(CPU_ROOT, pid));
	start_ns = now_ns();
	step_note(outcome, "setpriority", start_ns, for_each_task(victim, raise_thread, NULL));
}

static void run(const struct victim *victim, const struct arm_options *options, struct kill_outcome *outcome)
{
	(void)options;
	step_sigkill(victim, outcome);
	if (outcome->kill_errno != 0)
		return;
	boost(victim->pid, outcome);
	step_mrelease(victim, 0, outcome);
}

static const struct arm arm_kill_mrelease_lmkd = { .name = "kill+mrelease@lmkd", .possible = possible, .kill = run };
REGISTER_ARM(arm_kill_mrelease_lmkd);
