// Holds memory of a shape, with the code that makes the victims of the agent.
#include "workload.h"

#include <android/log.h>
#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "failure.h"
#include "parked.h"
#include "shapes/pages.h"
#include "text.h"

#define TAG "lmkdlab"

enum { MIN_SIZE_KB = 64, MAX_THREADS = 256, LINE_SIZE = 512, PATH_SIZE = 600 };
// 32-bit processes have 2 to 4 GB of address space.
enum { MAX_SIZE_KB = sizeof(void *) == 8 ? 64 << 20 : 2 << 20 };

int workload_check(const struct workload *workload)
{
	if (shape_find(workload->shape) == NULL)
		return refused("there is no shape %s", workload->shape);
	if (workload->size_kb < MIN_SIZE_KB || workload->size_kb > MAX_SIZE_KB)
		return refused("size_kb %d is not %d to %d", workload->size_kb, MIN_SIZE_KB, MAX_SIZE_KB);
	if (workload->threads < 1 || workload->threads > MAX_THREADS)
		return refused("threads %d is not 1 to %d", workload->threads, MAX_THREADS);
	if (workload->touch_ms < 0)
		return refused("touch_ms %d is negative", workload->touch_ms);
	return 0;
}

void workload_log_failure(const struct workload *workload)
{
	char line[LINE_SIZE];
	text_format(line, sizeof(line), "failed %s pid=%d: %s", workload->package, (int)getpid(),
		    failure_text());
	__android_log_write(ANDROID_LOG_ERROR, TAG, line);
}

static void log_ready(const struct workload *workload)
{
	char line[LINE_SIZE];
	text_format(line, sizeof(line), "ready %s pid=%d size_kb=%d shape=%s threads=%d", workload->package,
		    (int)getpid(), workload->size_kb, workload->shape, workload->threads);
	__android_log_write(ANDROID_LOG_INFO, TAG, line);
}

// Unlinks the file immediately, so that it disappears with the process.
static int open_file(const struct workload *workload)
{
	char path[PATH_SIZE];
	text_format(path, sizeof(path), "%s/lmkd-workload", workload->folder);
	int fd = open(path, O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0)
		return failed("make a file in %s", workload->folder);
	if (unlink(path) == 0)
		return fd;
	failed("unlink a file in %s", workload->folder);
	close(fd);
	return -1;
}

static const void *make_memory(const struct workload *workload, const struct memory_plan *plan)
{
	int fd = plan->shape->needs_file ? open_file(workload) : -1;
	if (plan->shape->needs_file && fd < 0)
		return NULL;
	const void *memory = plan->shape->make(plan, fd);
	if (fd >= 0)
		close(fd); // the mapping keeps the file
	return memory;
}

static void sleep_ms(int32_t time_ms)
{
	struct timespec left = { .tv_sec = time_ms / 1000, .tv_nsec = time_ms % 1000 * 1000000L };
	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		continue;
}

static _Noreturn void stay(const struct workload *workload, const void *memory, size_t size)
{
	if (workload->touch_ms == 0)
		park();
	for (;;) {
		sleep_ms(workload->touch_ms);
		pages_read(memory, size);
	}
}

void workload_run(const struct workload *workload)
{
	const struct memory_plan plan = { .shape = shape_find(workload->shape),
					  .size_kb = workload->size_kb };
	const void *memory = make_memory(workload, &plan);
	if (memory == NULL || parked_threads_start(workload->threads - 1) < 0) {
		workload_log_failure(workload);
		return;
	}
	log_ready(workload);
	stay(workload, memory, (size_t)shape_contiguous_kb(&plan) * 1024);
}
