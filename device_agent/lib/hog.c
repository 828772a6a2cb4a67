// Spins on the first allowed CPU.
#include "hog.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>

#include "await.h"
#include "failure.h"
#include "holding.h"
#include "sys.h"

enum { ENOUGH_CPUS = 2 };

static pthread_t thread;
static bool started;
static _Atomic bool stop;
static sem_t runs;

static size_t busy_cpu(void)
{
	cpu_set_t allowed;
	size_t cpu = 0;
	if (sched_getaffinity(0, sizeof(allowed), &allowed) == 0)
		while (cpu < CPU_SETSIZE - 1 && !CPU_ISSET(cpu, &allowed))
			cpu++;
	return cpu;
}

int hog_possible(void)
{
	cpu_set_t allowed;
	if (sched_getaffinity(0, sizeof(allowed), &allowed) < 0)
		return failed("get the CPU affinity");
	return CPU_COUNT(&allowed) >= ENOUGH_CPUS ? 0 : refused("it needs two CPUs");
}

int hog_bind(pid_t tid)
{
	cpu_set_t cpus;
	CPU_ZERO(&cpus);
	CPU_SET(busy_cpu(), &cpus);
	return sched_setaffinity(tid, sizeof(cpus), &cpus);
}

int hog_starve(pid_t tid, void *unused)
{
	(void)unused;
	return sys_sched_setscheduler(tid, SCHED_IDLE, 0) < 0 ? -1 : hog_bind(tid);
}

static void *spin(void *unused)
{
	prctl(PR_SET_NAME, STALL_COMM);
	hog_bind(0);
	sem_post(&runs);
	while (!stop)
		;
	return unused;
}

int hog_start(void)
{
	stop = false;
	sem_init(&runs, 0, 0);
	errno = pthread_create(&thread, NULL, spin, NULL);
	if (errno != 0)
		return failed("start the busy thread");
	started = true;
	await(&runs);
	return 0;
}

void hog_stop(void)
{
	stop = true;
}

void hog_join(void)
{
	hog_stop();
	if (started)
		pthread_join(thread, NULL);
	started = false;
}
