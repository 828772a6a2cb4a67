// Kills with the code of the agent's trials.
#include "kill.h"

#include <errno.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "clock.h"
#include "failure.h"
#include "fields.h"
#include "stop.h"
#include "target.h"
#include "wire.h"

// AOSP system/memory/lmkd reaper.cpp: the threads run at ANDROID_PRIORITY_HIGHEST. The user of an app has no
// permission.
enum { REAPER_NICE = -20 };

int kill_plan_parse(char *words, struct kill_plan *plan)
{
	static const struct field FIELDS[] = {
		FIELD_NUMBER(struct kill_plan, pid, pid, 2, 1 << 22), // PID_MAX_LIMIT
		FIELD_NUMBER(struct kill_plan, start_ticks, start_ticks, 0, INT64_MAX),
		FIELD_CHOICE(struct kill_plan, arm, arm, arm_choose),
		FIELD_SCALED(struct kill_plan, delay_us, options.delay_ns, 0, 1000 * 1000, NS_PER_US),
		FIELD_SCALED(struct kill_plan, timeout_ms, timeout_ns, 1, 60 * 1000, NS_PER_MS),
	};
	return fields_parse(words, FIELDS, sizeof(FIELDS) / sizeof(FIELDS[0]), plan);
}

// The time at which the pidfd was readable, or -1: not before the deadline, or a signal to stop.
static int64_t await_exit(int pidfd, int64_t deadline_ns)
{
	struct pollfd exit = { .fd = pidfd, .events = POLLIN };
	int64_t left_ns;
	while (!stop_requested() && (left_ns = deadline_ns - now_ns()) > 0) {
		int ready = poll(&exit, 1, (int)(left_ns / NS_PER_MS) + 1);
		if (ready > 0)
			return now_ns();
		if (ready < 0 && errno != EINTR)
			return -1;
	}
	return -1;
}

static int answer(const struct kill_plan *plan, const struct held *held, const struct kill_outcome *outcome,
		  int64_t exit_ns)
{
	wire_begin("app-kill");
	wire_number("pid", plan->pid);
	wire_number("uid", (int64_t)getuid());
	wire_number("killed_ns", outcome->killed_ns);
	wire_number_or_null("exit_ns", exit_ns < 0 ? -1 : exit_ns - outcome->killed_ns);
	wire_number_or_null("rss_kb", held->rss_kb);
	wire_number_or_null("anon_kb", held->anon_kb);
	wire_number_or_null("swap_kb", held->swap_kb);
	wire_number_or_null("private_dirty_kb", held->private_dirty_kb);
	kill_outcome_wire(outcome, NULL); // the app has no cgroup that could be read
	return wire_end();
}

static int prepare(const struct kill_plan *plan, const struct victim *victim)
{
	if (plan->arm->possible != NULL && plan->arm->possible() < 0)
		return -1;
	if (plan->arm->prepare != NULL && plan->arm->prepare(victim) < 0)
		return -1;
	// Both calls need a privilege; without it the kill is slightly slower.
	mlockall(MCL_CURRENT | MCL_ONFAULT);
	setpriority(PRIO_PROCESS, 0, REAPER_NICE);
	return stop_requested() ? refused("stopped by a signal") : 0;
}

static int kill_opened(const struct kill_plan *plan, const struct victim *victim)
{
	struct kill_outcome outcome = { 0 };
	struct held held;
	target_look(victim->pid, &held);
	if (prepare(plan, victim) < 0)
		return -1;
	plan->arm->kill(victim, &plan->options, &outcome);
	if (outcome.kill_errno != 0) {
		errno = outcome.kill_errno;
		return failed("send SIGKILL to process %d", (int)victim->pid);
	}
	int64_t exit_ns = await_exit(victim->pidfd, outcome.killed_ns + plan->timeout_ns);
	return answer(plan, &held, &outcome, exit_ns);
}

int kill_carry_out(const struct kill_plan *plan)
{
	struct victim victim = { .pid = (pid_t)plan->pid };
	victim.pidfd = target_open(victim.pid, plan->start_ticks);
	if (victim.pidfd < 0)
		return -1;
	int result = kill_opened(plan, &victim);
	close(victim.pidfd);
	return result;
}
