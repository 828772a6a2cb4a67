// The threads of a stall, which work in a loop.
#include "crew.h"

#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/prctl.h>

#include "await.h"
#include "clock.h"
#include "failure.h"
#include "stall.h"

// A starved thread has one more turn at once, of a scheduler tick or two (1 to 10 ms each), and then none for a second.
static const int64_t REST_NS = 25 * NS_PER_MS;
static const int64_t REST_TIMEOUT_NS = 2 * NS_PER_S;

static struct crew {
	pthread_t threads[CREW_MAX];
	int count;
	int (*prepare)(void);
	int (*work)(const void *argument);
	const void *argument;
	sem_t first_round;
	_Atomic int first_error;
	_Atomic bool stop;
} crew;

static void *run(void *unused)
{
	prctl(PR_SET_NAME, STALL_COMM);
	int result = crew.prepare() < 0 || crew.work(crew.argument) < 0 ? -1 : 0;
	if (result < 0)
		crew.first_error = errno;
	sem_post(&crew.first_round);
	while (result == 0 && !crew.stop)
		result = crew.work(crew.argument); // fails when the victim is gone
	return unused;
}

int crew_start(int count, int (*prepare)(void), int (*work)(const void *argument), const void *argument)
{
	crew = (struct crew){ .prepare = prepare, .work = work, .argument = argument };
	sem_init(&crew.first_round, 0, 0);
	for (; crew.count < count; crew.count++) {
		errno = pthread_create(&crew.threads[crew.count], NULL, run, NULL);
		if (errno != 0)
			return failed("start thread %d of the stall", crew.count);
	}
	for (int i = 0; i < count; i++)
		await(&crew.first_round);
	errno = crew.first_error;
	return errno == 0 ? 0 : failed("read the victim's files");
}

static int64_t cpu_time_ns(void)
{
	int64_t total_ns = 0;
	for (int i = 0; i < crew.count; i++) {
		clockid_t cpu_clock;
		struct timespec ran;
		if (pthread_getcpuclockid(crew.threads[i], &cpu_clock) == 0 && clock_gettime(cpu_clock, &ran) == 0)
			total_ns += (int64_t)ran.tv_sec * NS_PER_S + ran.tv_nsec;
	}
	return total_ns;
}

int crew_await_rest(void)
{
	int64_t end_ns = now_ns() + REST_TIMEOUT_NS;
	int64_t before_ns;
	int64_t ran_ns = cpu_time_ns();
	do {
		if (now_ns() > end_ns)
			return refused("the stall's threads still run on the busy CPU");
		before_ns = ran_ns;
		sleep_for(REST_NS);
		ran_ns = cpu_time_ns();
	} while (ran_ns != before_ns);
	return 0;
}

void crew_stop(void)
{
	crew.stop = true;
}

void crew_join(void)
{
	crew_stop();
	while (crew.count > 0)
		pthread_join(crew.threads[--crew.count], NULL);
}
