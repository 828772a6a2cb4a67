// The process of the foreground app: touches memory as planned and times the first touch of each page.
#include "demand.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clock.h"
#include "failure.h"
#include "shapes/pages.h"
#include "sys.h"
#include "text_file.h"

enum {
	BUCKETS_PER_DOUBLING = 32, // the width of a bucket is 1/32, about 3 %
	FIRST_DOUBLING = 5,        // below 32 ns each ns has its own bucket
	OWN_KB = 4096,             // its own memory before the demand
	TEETH = 3,
};

// Set before the fork, so that the foreground has its own copy.
static struct {
	const struct demand_plan *plan;
	struct demand_progress *progress;
	unsigned char *memory;
	size_t page;
	int done_fd;
} own;

static int bucket_of(int64_t took_ns)
{
	uint64_t value = took_ns < 0 ? 0 : (uint64_t)took_ns;
	if (value < BUCKETS_PER_DOUBLING)
		return (int)value;
	int doubling = 63 - __builtin_clzll(value);
	int within = (int)(value >> (doubling - FIRST_DOUBLING)) - BUCKETS_PER_DOUBLING;
	int bucket = (doubling - FIRST_DOUBLING + 1) * BUCKETS_PER_DOUBLING + within;
	return bucket < FAULT_BUCKETS ? bucket : FAULT_BUCKETS - 1;
}

// The upper bound of a bucket.
static int64_t bucket_ns(int bucket)
{
	if (bucket < BUCKETS_PER_DOUBLING)
		return bucket;
	int doubling = bucket / BUCKETS_PER_DOUBLING - 1 + FIRST_DOUBLING;
	int64_t within = bucket % BUCKETS_PER_DOUBLING + BUCKETS_PER_DOUBLING + 1;
	return (within << (doubling - FIRST_DOUBLING)) - 1;
}

static void note_fault(int64_t took_ns)
{
	own.progress->faults[bucket_of(took_ns)]++;
	if (took_ns > own.progress->fault_max_ns)
		own.progress->fault_max_ns = took_ns;
}

static void touch_page(size_t index)
{
	unsigned char *page = own.memory + index * own.page;
	int64_t start_ns = now_ns();
	*(volatile unsigned char *)page = 1;
	note_fault(now_ns() - start_ns);
	pages_fill(page, own.page, own.plan->compress_pct);
}

static void wait_until(int64_t moment_ns)
{
	while (now_ns() < moment_ns)
		sleep_until(moment_ns);
}

// Touches the pages from..to, evenly over rise_ns (0: as fast as possible).
static void rise(size_t from, size_t to, int64_t rise_ns)
{
	int64_t start_ns = now_ns();
	for (size_t i = from; i < to; i++) {
		int64_t due_ns = start_ns + rise_ns * (int64_t)(i - from) / (int64_t)(to - from);
		if (rise_ns > 0)
			wait_until(due_ns);
		touch_page(i);
		own.progress->touched_kb = (int64_t)((i + 1) * own.page / 1024);
	}
}

static void give_back(size_t from, size_t to)
{
	madvise(own.memory + from * own.page, (to - from) * own.page, MADV_DONTNEED);
	own.progress->touched_kb = (int64_t)(from * own.page / 1024);
}

static void rise_as_planned(size_t pages)
{
	const struct demand_plan *plan = own.plan;
	if (plan->shape != DEMAND_SAW) {
		rise(0, pages, plan->shape == DEMAND_RAMP ? plan->rise_ns : 0);
		return;
	}
	size_t from = 0;
	for (int tooth = 0; tooth < TEETH; tooth++) {
		rise(from, pages, plan->rise_ns);
		from = pages / 2;
		if (tooth + 1 < TEETH)
			give_back(from, pages);
	}
}

// Uses every page repeatedly, so that the kernel keeps them.
static void hold(size_t pages, int64_t until_ns)
{
	static const int64_t ROUND_NS = 50 * NS_PER_MS;
	while (now_ns() < until_ns) {
		for (size_t i = 0; i < pages && now_ns() < until_ns; i++)
			own.memory[i * own.page]++;
		wait_until(now_ns() + ROUND_NS);
	}
}

static void await_go(void)
{
	while (own.progress->go == 0)
		syscall(SYS_futex, &own.progress->go, FUTEX_WAIT, 0, NULL, NULL, 0);
}

static void *run_demand(void *unused)
{
	size_t pages = (size_t)own.plan->size_kb * 1024 / own.page;
	await_go();
	own.progress->started_ns = now_ns();
	rise_as_planned(pages);
	own.progress->risen_ns = now_ns();
	hold(pages, own.progress->risen_ns + own.plan->hold_ns);
	own.progress->done_ns = now_ns();
	if (write(own.done_fd, "", 1) < 0) // the agent is gone, so this process ends
		_exit(1);
	return unused;
}

// Runs in the process of the foreground.
static int become_foreground(void *memory, pid_t *companion)
{
	pthread_t thread;
	(void)memory;
	(void)companion;
	own.page = (size_t)sysconf(_SC_PAGESIZE);
	own.memory = pages_map((size_t)own.plan->size_kb * 1024, MAP_PRIVATE);
	if (own.memory == NULL || write_text("/proc/self/oom_score_adj", "0") < 0)
		return -1;
	errno = pthread_create(&thread, NULL, run_demand, NULL);
	return errno != 0 ? failed("start the foreground's thread") : 0;
}

static int share_progress(struct foreground *foreground)
{
	foreground->progress = mmap(NULL, sizeof(*foreground->progress), PROT_READ | PROT_WRITE,
				    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (foreground->progress == MAP_FAILED)
		return failed("map the foreground's progress");
	memset(foreground->progress, 0, sizeof(*foreground->progress)); // so that counting causes no page fault
	return 0;
}

int foreground_start(struct foreground *foreground, const struct demand_plan *plan, int group_number)
{
	int ends[2];
	const struct victim_plan process = {
		.memory = { .shape = shape_find("private-anon"), .size_kb = OWN_KB, .dirty_pct = 100 },
		.threads = 1,
		.join = become_foreground,
	};
	if (share_progress(foreground) < 0 || pipe2(ends, O_CLOEXEC) < 0)
		return failed("prepare the foreground");
	own.plan = plan;
	own.progress = foreground->progress;
	own.done_fd = ends[1];
	foreground->done_fd = ends[0];
	int result = victim_start(&foreground->process, &process, group_number);
	close(ends[1]); // only the foreground holds this end, so its death closes the pipe
	if (result < 0)
		close(ends[0]);
	return result;
}

void foreground_go(struct foreground *foreground)
{
	foreground->progress->go = 1;
	syscall(SYS_futex, &foreground->progress->go, FUTEX_WAKE, 1, NULL, NULL, 0);
}

int64_t foreground_fault_ns(const struct foreground *foreground, int thousandths)
{
	uint64_t total = 0, counted = 0;
	for (int i = 0; i < FAULT_BUCKETS; i++)
		total += foreground->progress->faults[i];
	for (int i = 0; i < FAULT_BUCKETS && total > 0; i++) {
		counted += foreground->progress->faults[i];
		if (counted * 1000 >= total * (uint64_t)thousandths)
			return bucket_ns(i);
	}
	return -1;
}

int foreground_end(struct foreground *foreground)
{
	int reaped = victim_reap(&foreground->process);
	int ended = victim_end(&foreground->process);
	close(foreground->done_fd);
	munmap(foreground->progress, sizeof(*foreground->progress));
	return reaped < 0 ? reaped : ended;
}
