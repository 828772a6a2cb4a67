// The reapers' queue: it never holds more than there are idle reapers.
#include "killer.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "clock.h"
#include "failure.h"
#include "sys.h"
#include "teardown.h"

// AOSP system/memory/lmkd reaper.cpp: two threads, SCHED_OTHER at ANDROID_PRIORITY_HIGHEST.
enum { REAPER_COUNT = 2, REAPER_NICE = -20 };

static struct {
	const struct arm *arm;
	struct arm_options options;
	pthread_t threads[REAPER_COUNT];
	int thread_count;
	pthread_mutex_t lock;
	sem_t given; // posted for each in the queue, and for each reaper that is to end
	struct killing *queue[REAPER_COUNT];
	int queued, active; // active: queued or being done
	int failure_fd;
} pool = { .lock = PTHREAD_MUTEX_INITIALIZER, .failure_fd = -1 };

// NULL: the reaper is to end.
static struct killing *take(void)
{
	while (sem_wait(&pool.given) < 0 && errno == EINTR)
		;
	pthread_mutex_lock(&pool.lock);
	struct killing *killing = pool.queued > 0 ? pool.queue[--pool.queued] : NULL; // the newest first, as lmkd
	pthread_mutex_unlock(&pool.lock);
	return killing;
}

static void give_back(void)
{
	pthread_mutex_lock(&pool.lock);
	pool.active--;
	pthread_mutex_unlock(&pool.lock);
}

// Whether the arm's calls killed it: process_mrelease does so only when it returns 0.
static bool has_killed(const struct kill_outcome *outcome)
{
	if (outcome->call_count == 0)
		return false;
	const struct call *first = &outcome->calls[0];
	return first->error == 0 && outcome->kill_errno == 0;
}

static void tell_failure(void)
{
	uint64_t one = 1;
	if (write(pool.failure_fd, &one, sizeof(one)) < 0)
		return; // it is full: told already
}

static void carry_out(struct killing *killing)
{
	struct kill_outcome *outcome = &killing->outcome;
	if (pool.arm->prepare == NULL || pool.arm->prepare(killing->victim) == 0)
		pool.arm->kill(killing->victim, &pool.options, outcome);
	killing->charged_at_return_kb = group_charged_kb(&killing->victim->group);
	killing->done_ns = now_ns();
	if (!has_killed(outcome))
		tell_failure();
}

static void *reap(void *unused)
{
	prctl(PR_SET_NAME, REAPER_COMM);
	sys_sched_setscheduler(0, SCHED_OTHER, 0);
	setpriority(PRIO_PROCESS, 0, REAPER_NICE);
	for (struct killing *killing; (killing = take()) != NULL; give_back())
		carry_out(killing);
	return unused;
}

int killers_start(const struct arm *arm, const struct arm_options *options)
{
	pool.arm = arm;
	pool.options = *options;
	pool.queued = pool.active = 0;
	sem_init(&pool.given, 0, 0);
	pool.failure_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (pool.failure_fd < 0)
		return failed("make an eventfd");
	for (pool.thread_count = 0; pool.thread_count < REAPER_COUNT; pool.thread_count++) {
		errno = pthread_create(&pool.threads[pool.thread_count], NULL, reap, NULL);
		if (errno != 0) {
			failed("start a reaper thread");
			killers_end();
			return -1;
		}
	}
	return 0;
}

int killers_failure_fd(void)
{
	return pool.failure_fd;
}

void killers_failure_seen(void)
{
	uint64_t count;
	if (read(pool.failure_fd, &count, sizeof(count)) < 0)
		return; // nothing was told
}

static bool queue(struct killing *killing)
{
	pthread_mutex_lock(&pool.lock);
	bool idle = pool.active < pool.thread_count;
	if (idle) {
		pool.active++;
		pool.queue[pool.queued++] = killing;
		sem_post(&pool.given);
	}
	pthread_mutex_unlock(&pool.lock);
	return idle;
}

int killers_kill(struct killing *killing)
{
	killing->by_reaper = true; // before the reaper has it
	if (queue(killing))
		return 0;
	killing->by_reaper = false;
	step_sigkill(killing->victim, &killing->outcome);
	killing->charged_at_return_kb = group_charged_kb(&killing->victim->group);
	killing->done_ns = now_ns();
	errno = killing->outcome.kill_errno;
	return errno == 0 ? 0 : -1;
}

void killers_end(void)
{
	for (int i = 0; i < pool.thread_count; i++)
		sem_post(&pool.given);
	while (pool.thread_count > 0)
		pthread_join(pool.threads[--pool.thread_count], NULL);
	if (pool.failure_fd >= 0)
		close(pool.failure_fd);
	pool.failure_fd = -1;
}
