// Runs one reaping at a time.
#include "reaping.h"

#include "await.h"
#include "failure.h"
#include "reapers.h"

static sem_t prepared, go, done;
static int prepare_result;

static void carry_out(void *job)
{
	struct reaping *reaping = job;
	prepare_result = reaping->arm->prepare == NULL ? 0 : reaping->arm->prepare(reaping->victim);
	sem_post(&prepared);
	if (prepare_result < 0)
		return;
	await(&go);
	reaping->arm->kill(reaping->victim, &reaping->options, &reaping->outcome);
	reaping->charged_at_return_kb = group_charged_kb(&reaping->victim->group);
}

static void post_done(void *unused)
{
	(void)unused;
	sem_post(&done);
}

int reaping_start(void)
{
	static const struct reapers_work WORK = { .run = carry_out, .done = post_done };
	sem_init(&prepared, 0, 0);
	sem_init(&go, 0, 0);
	sem_init(&done, 0, 0);
	return reapers_start(&WORK);
}

int reaping_prepare(struct reaping *reaping)
{
	if (!reapers_offer(reaping))
		return refused("all reapers are busy");
	await(&prepared);
	if (prepare_result < 0)
		reaping_await();
	return prepare_result;
}

void reaping_go(void)
{
	sem_post(&go);
}

void reaping_await(void)
{
	await(&done);
}

void reaping_end(void)
{
	reapers_end();
}
