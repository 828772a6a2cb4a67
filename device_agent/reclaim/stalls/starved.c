// starved: the victim runs only while its CPU is otherwise idle (SCHED_IDLE), and a busy thread keeps that CPU
// occupied. On a phone: a cached app in the background cpuset, on a busy little core.
#include "failure.h"
#include "tasks.h"
#include "hog.h"
#include "stall.h"

static int hold(const struct victim *victim)
{
	if (for_each_task(victim->pid, hog_starve, NULL) < 0)
		return failed("make the victim's threads SCHED_IDLE");
	return hog_start();
}

static int release(void)
{
	hog_stop();
	return 0;
}

static int end(void)
{
	hog_join();
	return 0;
}

static const struct stall stall_starved = {
	.name = "starved", .possible = hog_possible, .hold = hold, .release = release, .end = end
};
REGISTER_STALL(stall_starved);
