// The pool of reapers.
#include "reaper.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "failure.h"
#include "teardown.h"

// AOSP system/memory/lmkd reaper.cpp: two threads, which run at ANDROID_PRIORITY_HIGHEST.
enum { REAPER_COUNT = 2, REAPER_NICE = -20 };

static struct {
	pthread_t threads[REAPER_COUNT];
	int count;
	sem_t taken, prepared, go, done;
	struct reaping *reaping; // NULL: the reaper that is woken ends
	int prepare_result;
} pool;

static void await(sem_t *semaphore)
{
	while (sem_wait(semaphore) < 0 && errno == EINTR)
		;
}

static void carry_out(struct reaping *reaping)
{
	pool.prepare_result = reaping->arm->prepare == NULL ? 0 : reaping->arm->prepare(reaping->victim);
	sem_post(&pool.prepared);
	if (pool.prepare_result < 0)
		return;
	await(&pool.go);
	reaping->arm->kill(reaping->victim, &reaping->options, &reaping->outcome);
	reaping->charged_at_return_kb = group_charged_kb(&reaping->victim->group);
	sem_post(&pool.done);
}

static void *reap(void *unused)
{
	prctl(PR_SET_NAME, REAPER_COMM);
	setpriority(PRIO_PROCESS, 0, REAPER_NICE); // needs CAP_SYS_NICE; without it the reaper is ordinary
	for (;;) {
		await(&pool.taken);
		if (pool.reaping == NULL)
			return unused;
		carry_out(pool.reaping);
	}
}

int reapers_start(void)
{
	sem_init(&pool.taken, 0, 0);
	sem_init(&pool.prepared, 0, 0);
	sem_init(&pool.go, 0, 0);
	sem_init(&pool.done, 0, 0);
	for (pool.count = 0; pool.count < REAPER_COUNT; pool.count++) {
		errno = pthread_create(&pool.threads[pool.count], NULL, reap, NULL);
		if (errno != 0)
			return failed("start a reaper thread");
	}
	return 0;
}

int reapers_take(struct reaping *reaping)
{
	pool.reaping = reaping;
	sem_post(&pool.taken);
	await(&pool.prepared);
	return pool.prepare_result;
}

void reapers_go(void)
{
	sem_post(&pool.go);
}

void reapers_await(void)
{
	await(&pool.done);
}

void reapers_end(void)
{
	pool.reaping = NULL;
	for (int i = 0; i < pool.count; i++)
		sem_post(&pool.taken);
	while (pool.count > 0)
		pthread_join(pool.threads[--pool.count], NULL);
}
