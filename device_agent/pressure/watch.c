// The watcher thread.
#include "watch.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include "clock.h"
#include "failure.h"
#include "share.h"
#include "inputs.h"
#include "holds.h"
#include "sys.h"

enum { WATCHER_PRIORITY = 2 }; // above the policy, which has lmkd's priority 1
static const int64_t PERIOD_NS = 5 * NS_PER_MS;

static struct {
	pthread_t thread;
	const struct demand_progress *demand;
	struct watched *_Atomic victims[APPS_MAX];
	_Atomic size_t victim_count;
	struct watch_point points[WATCH_CAPACITY];
	size_t point_count;
	_Atomic bool ends;
	int error; // of the first read that failed
	const char *failure;
} watch;

static void note_failure(const char *action)
{
	if (watch.failure != NULL)
		return;
	watch.failure = action;
	watch.error = errno;
}

static void update(struct watched *watched, int64_t at_ns)
{
	int64_t charged_kb = group_charged_kb(&watched->killing.victim->group);
	if (charged_kb < 0)
		note_failure("read a victim's charge");
	else
		watched->charged_now_kb = charged_kb;
	if (watched->exited_ns == 0 && victim_has_exited(watched->killing.victim))
		watched->exited_ns = at_ns;
	int64_t back_kb = watched->charged_kb - watched->charged_now_kb;
	if (watched->freed_ns == 0 && reaches_share(back_kb, watched->charged_kb, FREED_PCT))
		watched->freed_ns = at_ns;
	if (watched->release_ns != 0 && at_ns >= watched->release_ns) {
		watched->release_ns = 0;
		holds_release(watched->app);
	}
}

static void take_point(void)
{
	struct watch_point point = { .at_ns = now_ns(), .demand_kb = watch.demand->touched_kb };
	size_t count = watch.victim_count;
	for (size_t i = 0; i < count; i++) {
		update(watch.victims[i], point.at_ns);
		point.returned_kb += watch.victims[i]->charged_kb - watch.victims[i]->charged_now_kb;
	}
	point.free_kb = inputs_free_kb();
	if (point.free_kb < 0)
		note_failure("read the free memory");
	if (watch.point_count < WATCH_CAPACITY) {
		watch.points[watch.point_count++] = point;
		return;
	}
	errno = ENOBUFS;
	note_failure("store more points of the episode");
}

static void *run(void *unused)
{
	sys_sched_setscheduler(0, SCHED_FIFO, WATCHER_PRIORITY);
	for (int64_t next_ns = now_ns(); !watch.ends; next_ns += PERIOD_NS) {
		sleep_until(next_ns);
		take_point();
	}
	return unused;
}

int watch_start(const struct demand_progress *demand)
{
	watch.demand = demand;
	watch.victim_count = watch.point_count = 0;
	watch.ends = false;
	watch.failure = NULL;
	errno = pthread_create(&watch.thread, NULL, run, NULL);
	return errno != 0 ? failed("start the watcher") : 0;
}

void watch_victim(struct watched *watched)
{
	watched->charged_now_kb = watched->charged_kb;
	watch.victims[watch.victim_count] = watched;
	watch.victim_count++; // last, because the watcher reads it
}

int watch_end(void)
{
	watch.ends = true;
	pthread_join(watch.thread, NULL);
	errno = watch.error;
	return watch.failure != NULL ? failed("%s", watch.failure) : 0;
}

const struct watch_point *watch_points(size_t *count)
{
	*count = watch.point_count;
	return watch.points;
}
