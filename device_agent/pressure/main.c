// lmkd-pressure: runs a pressure episode on the device. See USAGE.
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "answer.h"
#include "clock.h"
#include "failure.h"
#include "group.h"
#include "stop.h"
#include "sys.h"
#include "text_file.h"
#include "wire.h"

static const char USAGE[] =
	"Usage: lmkd-pressure run    run the episode planned on standard input\n"
	"Exit status: 0 done, 1 failed (an \"error\" line gives the reason), 2 wrong usage.\n";

enum { LMKD_PRIORITY = 1 }; // AOSP system/memory/lmkd lmkd.cpp, main: SCHED_FIFO 1

// Like lmkd: never paged out, never waiting for a CPU, never killed. Steps without the privilege are skipped.
static void become_lmkd(void)
{
	mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
	prctl(PR_SET_TIMERSLACK, 1UL);
	sys_sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, LMKD_PRIORITY);
	write_text("/proc/self/oom_score_adj", "-1000");
	group_remove_leftovers();
	failure_clear();
}

static int run(void)
{
	static struct lines lines; // of standard input
	static struct episode_plan plan;
	static struct episode_result result;
	if (stop_on_signals() < 0 || episode_plan_read(&lines, &plan) < 0)
		return -1;
	become_lmkd();
	result.clock_resolution_ns = clock_step_ns();
	int ran = episode_run(&plan, &result);
	group_leave_no_trace();
	return ran < 0 ? -1 : answer_episode(&plan, &result);
}

int main(int count, char **words)
{
	if (count == 2 && strcmp(words[1], "run") == 0)
		return run() < 0 ? wire_error() : 0;
	return write(STDERR_FILENO, USAGE, sizeof(USAGE) - 1) < 0 ? 1 : 2;
}
