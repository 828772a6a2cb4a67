// readers: services that read the /proc files of every app at background priority, as they run on any phone at any
// time. Nothing is timed to the kill.
#include <sys/resource.h>

#include "crew.h"
#include "proc_read.h"
#include "stall.h"

// ANDROID_PRIORITY_BACKGROUND (AOSP system/core/libsystem thread_defs.h).
enum { READER_COUNT = 8, BACKGROUND_NICE = 10 };

static pid_t victim_pid;

static int lower_priority(void)
{
	return setpriority(PRIO_PROCESS, 0, BACKGROUND_NICE);
}

static int read_all(const void *unused)
{
	static const char *const NAMES[] = { "cmdline", "stat", "statm", "status", "smaps_rollup", "oom_score_adj" };
	(void)unused;
	for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++)
		if (proc_read(victim_pid, NAMES[i]) < 0)
			return -1;
	return 0;
}

static int hold(const struct victim *victim)
{
	victim_pid = victim->pid;
	return crew_start(READER_COUNT, lower_priority, read_all, NULL);
}

static int end(void)
{
	crew_join();
	return 0;
}

static const struct stall stall_readers = { .name = "readers", .hold = hold, .end = end };
REGISTER_STALL(stall_readers);
