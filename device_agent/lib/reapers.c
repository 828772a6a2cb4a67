// The queue of the pool never contains more jobs than there are idle reapers.
#include "reapers.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "await.h"
#include "failure.h"
#include "sys.h"

// AOSP system/memory/lmkd reaper.cpp: two threads, SCHED_OTHER at ANDROID_PRIORITY_HIGHEST.
enum { REAPER_COUNT = 2, REAPER_NICE = -20 };

static struct {
	struct reapers_work work;
	pthread_t threads[REAPER_COUNT];
	int thread_count;
	sem_t lock; // a semaphore, because a mutex would add 1.5 KB to each program
	sem_t given; // posted for each job in the queue, and for each reaper that must end
	void *queue[REAPER_COUNT];
	int queued, active; // active: queued or running
} pool;

// NULL: the reaper must end.
static void *take(void)
{
	await(&pool.given);
	await(&pool.lock);
	void *job = pool.queued > 0 ? pool.queue[--pool.queued] : NULL; // newest first, like lmkd
	sem_post(&pool.lock);
	return job;
}

static void become_idle(void)
{
	await(&pool.lock);
	pool.active--;
	sem_post(&pool.lock);
}

static void *reap(void *unused)
{
	prctl(PR_SET_NAME, REAPER_COMM);
	sys_sched_setscheduler(0, SCHED_OTHER, 0);
	setpriority(PRIO_PROCESS, 0, REAPER_NICE); // needs CAP_SYS_NICE; without it the reaper keeps its priority
	for (void *job; (job = take()) != NULL;) {
		pool.work.run(job);
		become_idle();
		if (pool.work.done != NULL)
			pool.work.done(job);
	}
	return unused;
}

int reapers_start(const struct reapers_work *work)
{
	pool.work = *work;
	pool.queued = pool.active = 0;
	sem_init(&pool.lock, 0, 1);
	sem_init(&pool.given, 0, 0);
	for (pool.thread_count = 0; pool.thread_count < REAPER_COUNT; pool.thread_count++) {
		errno = pthread_create(&pool.threads[pool.thread_count], NULL, reap, NULL);
		if (errno != 0) {
			failed("start a reaper thread");
			reapers_end();
			return -1;
		}
	}
	return 0;
}

bool reapers_offer(void *job)
{
	await(&pool.lock);
	bool idle = pool.active < pool.thread_count;
	if (idle) {
		pool.active++;
		pool.queue[pool.queued++] = job;
		sem_post(&pool.given);
	}
	sem_post(&pool.lock);
	return idle;
}

void reapers_end(void)
{
	for (int i = 0; i < pool.thread_count; i++)
		sem_post(&pool.given);
	while (pool.thread_count > 0)
		pthread_join(pool.threads[--pool.thread_count], NULL);
}
