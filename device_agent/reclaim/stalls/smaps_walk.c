// smaps-walk: readers of smaps get no CPU while they walk the page tables of the victim, with mm_users and mmap_lock
// held (fs/proc/task_mmu.c, m_start to m_stop). On a phone: a memory profiler at background priority on a busy little
// core.
#include <errno.h>
#include <unistd.h>

#include "crew.h"
#include "failure.h"
#include "hog.h"
#include "proc_read.h"
#include "stall.h"

// Each reader is interrupted at a random place, most likely within a walk.
enum { READER_COUNT = 8, MAX_TRIES = 16 };

static pid_t victim_pid;
static _Atomic int inside; // readers within read(2), which is little else than the walk

static int starve_self(void)
{
	return hog_starve(0, NULL);
}

static int read_smaps(const void *unused)
{
	(void)unused;
	char buffer[4096];
	int fd = proc_open(victim_pid, "smaps");
	if (fd < 0)
		return -1;
	ssize_t length;
	do {
		inside++;
		length = read(fd, buffer, sizeof(buffer));
		inside--;
	} while (length > 0);
	int error = errno;
	close(fd);
	errno = error;
	return length < 0 ? -1 : 0;
}

// Interrupts the readers again until one of them stays within its walk.
static int hold(const struct victim *victim)
{
	victim_pid = victim->pid;
	inside = 0;
	if (crew_start(READER_COUNT, starve_self, read_smaps, NULL) < 0)
		return -1;
	for (int try = 0; try < MAX_TRIES; try++) {
		if (hog_start() < 0 || crew_await_rest() < 0)
			return -1;
		if (inside > 0)
			return 0;
		hog_join();
	}
	return refused("no reader was interrupted within its walk");
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
