// pageout: process_madvise(MADV_PAGEOUT) runs on the victim: mm/madvise.c holds mm_users from mm_access() until all
// ranges are done. On a phone: system_server compacts an app that lmkd picks.
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>

#include "clock.h"
#include "failure.h"
#include "sys.h"
#include "text.h"
#include "text_file.h"
#include "stall.h"
#include "zram.h"

static struct pageout {
	const struct victim *victim;
	pthread_t thread;
	_Atomic int64_t returned_ns;
	int error;
} pageout;

static void *page_out(void *unused)
{
	const struct victim *victim = pageout.victim;
	prctl(PR_SET_NAME, STALL_COMM);
	long done = sys_process_pageout(victim->pidfd, victim->memory, victim->size);
	pageout.error = done < 0 ? errno : 0;
	pageout.returned_ns = now_ns();
	return unused;
}

// The first swapped page proves that the call is running.
static int await_first_page(void)
{
	char status[40];
	text_format(status, sizeof(status), "/proc/%d/status", (int)pageout.victim->pid);
	while (read_keyed_number(status, "VmSwap") <= 0) {
		if (pageout.returned_ns != 0)
			return refused("process_madvise paged nothing out (%s)", strerror(pageout.error));
		sched_yield();
	}
	return 0;
}

static int end(void)
{
	if (pageout.victim == NULL)
		return 0;
	pageout.victim = NULL;
	pthread_join(pageout.thread, NULL);
	return 0; // the result of the call on a dead victim does not matter
}

static int hold(const struct victim *victim)
{
	pageout = (struct pageout){ .victim = victim };
	errno = pthread_create(&pageout.thread, NULL, page_out, NULL);
	if (errno != 0) {
		pageout.victim = NULL;
		return failed("start the compaction");
	}
	return await_first_page();
}

static int possible(void)
{
	if (sys_process_pageout(-1, NULL, 0) < 0 && errno == ENOSYS)
		return failed("process_madvise");
	return zram_possible();
}

static int64_t returned_ns(void)
{
	return pageout.returned_ns;
}

static const struct stall stall_pageout = {
	.name = "pageout",
	.counts_swap = true,
	.possible = possible,
	.hold = hold,
	.end = end,
	.returned_ns = returned_ns,
};
REGISTER_STALL(stall_pageout);
