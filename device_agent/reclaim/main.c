// lmkd-agent: runs trials on the device. See USAGE.
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "clock.h"
#include "failure.h"
#include "group.h"
#include "plan.h"
#include "probe.h"
#include "reaping.h"
#include "sampler.h"
#include "stop.h"
#include "sys.h"
#include "teardown.h"
#include "text_file.h"
#include "trial.h"
#include "version.h"
#include "wire.h"

static const char USAGE[] =
	"Usage: lmkd-agent version            print the version, protocol and ABI of this agent\n"
	"       lmkd-agent probe              report the abilities of this device\n"
	"       lmkd-agent run --plan FILE [--copy FILE]\n"
	"                                     run the trials of a plan (- is standard input), one per line; plan.c\n"
	"                                     describes the format\n"
	"Answers are JSON objects, one per line; --copy appends those of trials to FILE.\n"
	"Exit status: 0 done, 1 failed (an \"error\" line gives the reason), 2 wrong usage.\n";

enum { SAMPLER_PRIORITY = 10 };

static int answer_hello(void)
{
	wire_begin("hello");
	wire_text("agent", "lmkd-agent");
	wire_text("version", AGENT_VERSION);
	wire_number("protocol", WIRE_PROTOCOL);
	wire_text("abi", AGENT_ABI);
	return wire_end();
}

static void answer_kill(const struct trial_result *result)
{
	const struct kill_outcome *outcome = &result->outcome;
	const struct call *mrelease = mrelease_call(outcome);
	const struct call *decisive = mrelease != NULL ? mrelease : &outcome->calls[0];
	int64_t charged_kb = result->charged_after_kb[decisive - outcome->calls];
	wire_text("mrelease_errno", errno_name(mrelease == NULL ? 0 : mrelease->error));
	wire_number_or_null("kill_to_mrelease_ns", mrelease == NULL ? -1 : mrelease->start_ns - outcome->killed_ns);
	wire_number("syscall_ns", decisive->took_ns);
	wire_number("charged_at_return_kb", charged_kb < 0 ? result->charged_at_kill_kb : charged_kb);
	kill_outcome_wire(outcome, result->charged_after_kb);
}

static void answer_curve(const struct curve *curve)
{
	wire_number_or_null("reclaim_50_ns", curve->reclaim_50_ns);
	wire_number_or_null("reclaim_90_ns", curve->reclaim_90_ns);
	wire_number_or_null("reclaim_99_ns", curve->reclaim_99_ns);
	wire_number("reclaim_50_after_ns", curve->reclaim_50_after_ns);
	wire_number("reclaim_90_after_ns", curve->reclaim_90_after_ns);
	wire_number("reclaim_99_after_ns", curve->reclaim_99_after_ns);
	wire_number("gap_median_ns", curve->gap_median_ns);
	wire_number("gap_max_ns", curve->gap_max_ns);
	wire_open("curve", '[');
	for (size_t i = 0; i < curve->point_count; i++) {
		wire_open(NULL, '[');
		wire_item(curve->points[i].at_us);
		wire_item(curve->points[i].charged_kb);
		wire_close(']');
	}
	wire_close(']');
}

static int answer_trial(int64_t id, const struct trial_result *result, int64_t step_ns)
{
	wire_begin("trial");
	wire_number("id", id);
	answer_kill(result);
	wire_number("charged_at_kill_kb", result->charged_at_kill_kb);
	wire_number("returns_kb", result->returns_kb);
	wire_number_or_null("exit_ns", result->exit_ns);
	wire_number_or_null("released_ns", result->released_ns);
	wire_number_or_null("stall_late_ns", result->stall_late_ns);
	wire_text("stall_class", result->stall_class);
	wire_text("torn_down_by", result->torn_down_by);
	wire_number("clock_resolution_ns", step_ns);
	wire_number("samples", (int64_t)result->sample_count);
	wire_text("meter", result->meter->name);
	wire_number_or_null("noise_kb", result->noise_kb);
	conditions_wire("before", &result->before);
	conditions_wire("after", &result->after);
	answer_curve(&result->curve);
	return wire_end_kept();
}

static int answer_trial_failed(int64_t id)
{
	wire_begin("trial-failed");
	wire_number("id", id);
	wire_text("reason", failure_text());
	return wire_end_kept();
}

// Protects the agent from page faults, late wake-ups and OOM kills before it measures. Each step needs a privilege;
// without it, the measured gaps between samples show the cost.
static void settle_down(void)
{
	sampler_prepare();
	mlockall(MCL_CURRENT | MCL_ONFAULT);
	prctl(PR_SET_TIMERSLACK, 1UL);
	sys_sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, SAMPLER_PRIORITY);
	write_text("/proc/self/oom_score_adj", "-1000");
	group_remove_leftovers();
	teardown_watch();
	failure_clear();
}

static int run_trials(struct lines *plan)
{
	static struct planned_trial planned;
	static struct trial_result result;
	int64_t step_ns = clock_step_ns();
	int more;
	while ((more = plan_next(plan, &planned)) > 0) {
		int ran = trial_run(&planned, &result);
		if (stop_requested())
			return refused("stopped by a signal");
		if ((ran < 0 ? answer_trial_failed(planned.id) : answer_trial(planned.id, &result, step_ns)) < 0)
			return -1;
	}
	return more;
}

static int measure(struct lines *plan)
{
	int result = reaping_start();
	if (result == 0) {
		settle_down();
		result = run_trials(plan);
	}
	reaping_end();
	teardown_unwatch();
	group_leave_no_trace();
	return result;
}

static int run_plan(const char *plan_path, const char *copy_path)
{
	static struct lines plan;
	if (strcmp(plan_path, "-") != 0 && lines_open(&plan, plan_path) < 0) // otherwise it is 0, standard input
		return failed("open the plan %s", plan_path);
	int result = stop_on_signals();
	if (result == 0 && copy_path != NULL)
		result = wire_keep_copy(copy_path);
	if (result == 0)
		result = measure(&plan);
	lines_close(&plan);
	return result;
}

static int usage(void)
{
	return write(STDERR_FILENO, USAGE, sizeof(USAGE) - 1) < 0 ? 1 : 2;
}

// The words are "run" and pairs of an option and its value.
static int command_run(int count, char **words)
{
	const char *plan = NULL;
	const char *copy = NULL;
	for (int i = 1; i + 1 < count; i += 2) {
		if (strcmp(words[i], "--plan") == 0)
			plan = words[i + 1];
		else if (strcmp(words[i], "--copy") == 0)
			copy = words[i + 1];
		else
			return usage();
	}
	if (plan == NULL || count % 2 == 0)
		return usage();
	return run_plan(plan, copy) < 0 ? wire_error() : 0;
}

int main(int count, char **words)
{
	const char *command = count >= 2 ? words[1] : "";
	if (strcmp(command, "version") == 0 && count == 2)
		return answer_hello() < 0 ? wire_error() : 0;
	if (strcmp(command, "probe") == 0 && count == 2)
		return probe_answer() < 0 ? wire_error() : 0;
	if (strcmp(command, "run") == 0)
		return command_run(count - 1, words + 1);
	return usage();
}
