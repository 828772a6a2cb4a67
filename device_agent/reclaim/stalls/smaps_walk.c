// smaps-walk: readers of smaps get no CPU while they walk the page tables of the victim, with mm_users and mmap_lock
// held (fs/proc/task_mmu.c, m_start to m_stop). On a phone: a memory profiler at background priority on a busy little
// core.
#include <unistd.h>

#include "crew.h"
#include "hog.h"
#include "proc_read.h"
#include "stall.h"

// Each reader is interrupted at a random place, most likely within a walk; with eight readers, one nearly always is.
enum { READER_COUNT = 8 };

static pid_t victim_pid;

static int starve_self(void)
{
	return hog_starve(0, NULL);
}

static int read_smaps(const void *unused)
{
	(void)unused;
	return proc_read(victim_pid, "smaps");
}

static int hold(const struct victim *victim)
{
	victim_pid = victim->pid;
	return crew_start(READER_COUNT, starve_self, read_smaps, NULL) < 0 ? -1 : hog_start();
}

static int release(void)
{
	crew_stop();
	hog_stop();
	return 0;
}

static int end(void)
{
	hog_join();
	crew_join();
	return 0;
}

static const struct stall stall_smaps_walk = {
	.name = "smaps-walk", .possible = hog_possible, .hold = hold, .release = release, .end = end
};
REGISTER_STALL(stall_smaps_walk);
