// Starts the waiting threads with small stacks.
#include "parked.h"

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include "failure.h"

void park(void)
{
	for (;;)
		pause();
}

static void *parked(void *unused)
{
	(void)unused;
	park();
}

int parked_threads_start(int count)
{
	pthread_attr_t attributes;
	pthread_t thread;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 64 * 1024);
	for (int i = 0; i < count; i++) {
		errno = pthread_create(&thread, &attributes, parked, NULL);
		if (errno != 0)
			return failed("start thread %d of the victim", i + 1);
	}
	return 0;
}
