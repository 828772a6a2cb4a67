// Runs threads of background priority that visit the apps in turn. They skip apps that are gone.
#include "noise.h"

#include <errno.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "clock.h"
#include "failure.h"
#include "holding.h"
#include "proc_read.h"
#include "sys.h"

enum {
	READERS_MAX = 16,
	BACKGROUND_NICE = 10, // ANDROID_PRIORITY_BACKGROUND (AOSP system/core/libsystem thread_defs.h)
};
static const int64_t READING_PAUSE_NS = 20 * NS_PER_MS; // between two apps

static struct {
	const struct apps *apps;
	int64_t compaction_ns;
	pthread_t threads[READERS_MAX + 1];
	int count;
	_Atomic bool ends;
} noise;

static void read_app(const struct app *app)
{
	static const char *const NAMES[] = { "cmdline", "stat", "statm", "status", "smaps_rollup", "oom_score_adj" };
	for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++)
		if (proc_read(app->process.pid, NAMES[i]) < 0)
			return; // the app is gone
}

static void *read_round(void *argument)
{
	size_t at = *(const size_t *)argument;
	prctl(PR_SET_NAME, STALL_COMM);
	setpriority(PRIO_PROCESS, 0, BACKGROUND_NICE);
	for (; !noise.ends; at++) {
		read_app(&noise.apps->items[at % noise.apps->count]);
		sleep_for(READING_PAUSE_NS);
	}
	return NULL;
}

static void compact(const struct victim *app)
{
	sys_process_pageout(app->pidfd, app->memory, app->size); // ESRCH: it is gone
}

static void *compact_round(void *unused)
{
	prctl(PR_SET_NAME, STALL_COMM);
	setpriority(PRIO_PROCESS, 0, BACKGROUND_NICE);
	for (size_t at = 0; !noise.ends; at++) {
		compact(&noise.apps->items[at % noise.apps->count].process);
		sleep_for(noise.compaction_ns);
	}
	return unused;
}

static int start_thread(void *(*work)(void *), void *argument)
{
	errno = pthread_create(&noise.threads[noise.count], NULL, work, argument);
	if (errno != 0)
		return failed("start the noise");
	noise.count++;
	return 0;
}

int noise_start(const struct noise_plan *plan, const struct apps *apps)
{
	static size_t firsts[READERS_MAX];
	noise.apps = apps;
	noise.compaction_ns = plan->compaction_ns;
	noise.ends = false;
	int result = 0;
	for (int i = 0; i < plan->readers && i < READERS_MAX && apps->count > 0 && result == 0; i++) {
		firsts[i] = (size_t)i * apps->count / (size_t)plan->readers;
		result = start_thread(read_round, &firsts[i]);
	}
	if (result == 0 && plan->compaction_ns > 0 && apps->count > 0)
		result = start_thread(compact_round, NULL);
	if (result < 0)
		noise_end();
	return result;
}

void noise_end(void)
{
	noise.ends = true;
	while (noise.count > 0)
		pthread_join(noise.threads[--noise.count], NULL);
}
