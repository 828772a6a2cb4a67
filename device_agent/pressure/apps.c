// Starts the apps in parallel, because each needs time to touch its memory.
#include "apps.h"

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include "clock.h"
#include "failure.h"
#include "text.h"
#include "text_file.h"

const char *const APP_STALL_NAMES[APP_STALLS] = {
	[APP_FREE] = "none",
	[APP_HELD] = "holder",
	[APP_STARVED] = "starved",
};

enum { TOUCHED_SHARE = 8 }; // an eighth of its pages at a time

// Set before the fork, so that the app has its own copy.
static struct {
	const struct app_plan *plan;
	volatile unsigned char *memory;
} own;

static void *use_memory(void *unused)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t pages = (size_t)own.plan->memory.size_kb * 1024 / page;
	for (size_t at = 0;; sleep_for(own.plan->touch_ns))
		for (size_t i = 0; i < pages / TOUCHED_SHARE; i++, at = (at + 1) % pages)
			(void)own.memory[at * page];
	return unused;
}

// Runs in the process of the app.
static int become_app(void *memory, pid_t *companion)
{
	char adj[16];
	pthread_t thread;
	(void)companion;
	text_format(adj, sizeof(adj), "%d", (int)own.plan->adj);
	if (write_text("/proc/self/oom_score_adj", adj) < 0)
		return -1;
	own.memory = memory;
	if (own.plan->touch_ns == 0)
		return 0;
	errno = pthread_create(&thread, NULL, use_memory, NULL);
	return errno != 0 ? failed("start an app's thread") : 0;
}

static int freeze(const struct app *app)
{
	char path[GROUP_PATH_SIZE + 32];
	text_format(path, sizeof(path), "%s/cgroup.freeze", app->process.group.path);
	return write_text(path, "1");
}

static int launch(struct app *app, const struct app_plan *plan, int group_number)
{
	const struct victim_plan process = { .memory = plan->memory, .threads = plan->threads, .join = become_app };
	app->plan = own.plan = plan;
	return victim_launch(&app->process, &process, group_number);
}

// An app that fails to start is gone already; the last app takes its place.
static int await(struct apps *apps, size_t i)
{
	struct app *app = &apps->items[i];
	if (victim_await(&app->process) == 0)
		return app->plan->frozen ? freeze(app) : 0;
	*app = apps->items[--apps->count];
	return -1;
}

int apps_start(struct apps *apps, const struct app_plan *plans, size_t count, int first_group_number)
{
	int result = 0;
	for (apps->count = 0; apps->count < count && result == 0; apps->count += result == 0)
		result = launch(&apps->items[apps->count], &plans[apps->count], first_group_number + (int)apps->count);
	for (size_t i = 0; i < apps->count && result == 0; i++)
		result = await(apps, i);
	if (result < 0)
		apps_end(apps);
	return result;
}

int64_t app_rss_kb(const struct app *app)
{
	char path[40];
	text_format(path, sizeof(path), "/proc/%d/status", (int)app->process.pid);
	return read_keyed_number(path, "VmRSS");
}

int apps_alive(const struct apps *apps)
{
	int alive = 0;
	for (size_t i = 0; i < apps->count; i++)
		alive += !victim_has_exited(&apps->items[i].process);
	return alive;
}

int apps_end(struct apps *apps)
{
	int result = 0;
	for (size_t i = 0; i < apps->count; i++) {
		struct victim *process = &apps->items[i].process;
		if (victim_reap(process) < 0 || victim_end(process) < 0)
			result = -1;
	}
	apps->count = 0;
	return result;
}
