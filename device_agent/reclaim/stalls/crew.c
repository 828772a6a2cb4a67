// The threads of a stall, which work in a loop.
#include "crew.h"

#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/prctl.h>

#include "await.h"
#include "failure.h"
#include "stall.h"

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
