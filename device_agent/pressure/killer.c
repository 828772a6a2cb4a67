// Kills by a reaper if one is idle, otherwise by the calling thread.
#include "killer.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "clock.h"
#include "failure.h"
#include "reapers.h"

static const struct arm *arm;
static struct arm_options options;
static int failure_fd = -1;

// Whether the calls of the arm killed the victim: process_mrelease does so only if it returns 0.
static bool has_killed(const struct kill_outcome *outcome)
{
	if (outcome->call_count == 0)
		return false;
	const struct call *first = &outcome->calls[0];
	return first->error == 0 && outcome->kill_errno == 0;
}

static void finish(struct killing *killing)
{
	killing->charged_at_return_kb = group_charged_kb(&killing->victim->group);
	killing->done_ns = now_ns();
}

static void carry_out(void *job)
{
	struct killing *killing = job;
	if (arm->prepare == NULL || arm->prepare(killing->victim) == 0)
		arm->kill(killing->victim, &options, &killing->outcome);
	finish(killing);
	if (!has_killed(&killing->outcome))
		eventfd_write(failure_fd, 1); // fails only while the main thread has many failures to read
}

int killers_start(const struct arm *chosen_arm, const struct arm_options *chosen_options)
{
	static const struct reapers_work WORK = { .run = carry_out };
	arm = chosen_arm;
	options = *chosen_options;
	failure_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (failure_fd < 0)
		return failed("create an eventfd");
	if (reapers_start(&WORK) == 0)
		return 0;
	killers_end();
	return -1;
}

int killers_failure_fd(void)
{
	return failure_fd;
}

void killers_clear_failure(void)
{
	eventfd_t count;
	eventfd_read(failure_fd, &count); // fails if there was no failure
}

int killers_kill(struct killing *killing)
{
	killing->by_reaper = true; // before the reaper gets it
	if (reapers_offer(killing))
		return 0;
	killing->by_reaper = false;
	step_sigkill(killing->victim, &killing->outcome);
	finish(killing);
	errno = killing->outcome.kill_errno;
	return errno == 0 ? 0 : -1;
}

void killers_end(void)
{
	reapers_end();
	if (failure_fd >= 0)
		close(failure_fd);
	failure_fd = -1;
}
