// Blocks many readers by userfaultfd, like the stall "holder" blocks one; and spins with one thread on the CPU of the
// starved apps while any of them must starve.
#include "holds.h"

#include <errno.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/uio.h>

#include "await.h"
#include "failure.h"
#include "hog.h"
#include "holding.h"
#include "missing_page.h"
#include "tasks.h"

static struct hold {
	const struct victim *victim; // NULL: not held
	struct missing_page missing;
	pthread_t reader;
	bool starves;
	_Atomic bool starving;
} holds[APPS_MAX];

static struct {
	pthread_t thread;
	bool started;
	_Atomic bool ends;
	_Atomic int starving; // apps
	sem_t wake;
} spinner;

static void *read_victim(void *argument)
{
	struct hold *hold = argument;
	struct iovec local = { .iov_base = hold->missing.page, .iov_len = 1 };
	struct iovec remote = { .iov_base = hold->victim->memory, .iov_len = 1 };
	prctl(PR_SET_NAME, STALL_COMM);
	process_vm_readv(hold->victim->pid, &local, 1, &remote, 1, 0);
	return NULL;
}

static void stop_reader(struct hold *hold)
{
	if (hold->victim == NULL)
		return;
	missing_page_give(&hold->missing);
	pthread_join(hold->reader, NULL);
	missing_page_close(&hold->missing);
	hold->victim = NULL;
}

static int start_reader(struct hold *hold, const struct victim *victim)
{
	if (missing_page_open(&hold->missing) < 0)
		return -1;
	hold->victim = victim;
	errno = pthread_create(&hold->reader, NULL, read_victim, hold);
	if (errno != 0) {
		missing_page_close(&hold->missing);
		hold->victim = NULL;
		return failed("start a holder");
	}
	return missing_page_await(&hold->missing);
}

static void *spin(void *unused)
{
	prctl(PR_SET_NAME, STALL_COMM);
	hog_bind(0);
	while (!spinner.ends) {
		await(&spinner.wake);
		while (spinner.starving > 0 && !spinner.ends)
			;
	}
	return unused;
}

static int start_spinner(void)
{
	if (spinner.started)
		return 0;
	spinner.ends = false;
	spinner.starving = 0;
	sem_init(&spinner.wake, 0, 0);
	errno = pthread_create(&spinner.thread, NULL, spin, NULL);
	spinner.started = errno == 0;
	return errno != 0 ? failed("start the busy thread") : 0;
}

static int starve(struct hold *hold, const struct victim *victim)
{
	if (hog_possible() < 0 || start_spinner() < 0)
		return -1;
	hold->starves = true;
	return for_each_task(victim->pid, hog_starve, NULL) < 0 ? failed("make an app SCHED_IDLE") : 0;
}

static int take(struct hold *hold, const struct app *app)
{
	switch (app->plan->stall) {
	case APP_HELD: return start_reader(hold, &app->process);
	case APP_STARVED: return starve(hold, &app->process);
	case APP_FREE:
	case APP_STALLS: return 0;
	}
	return 0;
}

int holds_take(const struct apps *apps)
{
	for (size_t i = 0; i < apps->count; i++) {
		if (take(&holds[i], &apps->items[i]) < 0) {
			holds_end();
			return -1;
		}
	}
	return 0;
}

void holds_killed(size_t i)
{
	if (!holds[i].starves || holds[i].starving)
		return;
	holds[i].starving = true;
	spinner.starving++;
	sem_post(&spinner.wake);
}

void holds_release(size_t i)
{
	if (holds[i].victim != NULL)
		missing_page_give(&holds[i].missing);
	if (holds[i].starving) {
		holds[i].starving = false;
		spinner.starving--;
	}
}

static void stop_spinner(void)
{
	if (!spinner.started)
		return;
	spinner.ends = true;
	sem_post(&spinner.wake);
	pthread_join(spinner.thread, NULL);
	spinner.started = false;
}

void holds_end(void)
{
	for (size_t i = 0; i < APPS_MAX; i++) {
		stop_reader(&holds[i]);
		holds[i].starves = holds[i].starving = false;
	}
	stop_spinner();
}
