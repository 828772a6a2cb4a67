// The order of an episode: apps, foreground, holds, a pause to settle, the watcher, the noise, the demand; then
// everything in reverse.
#include "episode.h"

#include <errno.h>

#include "clock.h"
#include "failure.h"
#include "holds.h"
#include "stop.h"

enum { FOREGROUND_GROUP = 0, FIRST_APP_GROUP = 1 };

static struct apps apps;
static struct foreground foreground;

static void subtract(struct memory_totals *totals, const struct memory_totals *before)
{
	totals->pressure.some_total_us -= before->pressure.some_total_us;
	totals->pressure.full_total_us -= before->pressure.full_total_us;
	totals->direct_stalls -= before->direct_stalls;
	totals->refaults_anon -= before->refaults_anon;
	totals->refaults_file -= before->refaults_file;
	totals->swapped_in -= before->swapped_in;
	totals->swapped_out -= before->swapped_out;
	totals->oom_kills -= before->oom_kills;
}

// Counts dead apps that the policy did not kill: the kernel's OOM killer or another process killed them.
static int count_lost(const struct policy *policy)
{
	int dead = (int)apps.count - apps_alive(&apps);
	for (size_t i = 0; i < policy->kill_count; i++)
		dead -= victim_has_exited(policy->kills[i].watched.killing.victim);
	return dead;
}

static void summarise(struct episode_result *result)
{
	const struct demand_progress *progress = foreground.progress;
	result->start_ns = progress->started_ns;
	result->risen_ns = progress->risen_ns == 0 ? -1 : progress->risen_ns - progress->started_ns;
	result->demand_met = progress->done_ns != 0 && !victim_has_exited(&foreground.process);
	result->apps_started = (int)apps.count;
	result->apps_lost = count_lost(&result->policy);
	result->apps_alive = apps_alive(&apps);
	result->fault_p50_ns = foreground_fault_ns(&foreground, 500);
	result->fault_p99_ns = foreground_fault_ns(&foreground, 990);
	result->fault_max_ns = progress->fault_max_ns;
}

// Starts the demand and runs lmkd's policy until the demand is done.
static int press(const struct episode_plan *plan, struct episode_result *result)
{
	struct memory_totals before;
	if (inputs_read_totals(&before) < 0 || inputs_read_watermarks(&result->policy.watermarks) < 0)
		return -1;
	result->free_at_start_kb = inputs_free_kb();
	foreground_go(&foreground);
	int ran = policy_run(&result->policy, now_ns() + plan->timeout_ns);
	result->end_ns = now_ns();
	if (inputs_read_totals(&result->totals) < 0)
		return -1;
	subtract(&result->totals, &before);
	summarise(result);
	return ran;
}

static int press_with_policy(const struct episode_plan *plan, struct episode_result *result)
{
	result->policy = (struct policy){ .settings = &plan->settings, .apps = &apps, .foreground = &foreground };
	if (killers_start(plan->arm, &plan->arm_options) < 0)
		return -1;
	int ran = policy_open(&result->policy);
	if (ran == 0)
		ran = press(plan, result);
	policy_close(&result->policy);
	holds_end(); // reapers may wait for a hold
	killers_end();
	return ran;
}

static int press_with_watcher(const struct episode_plan *plan, struct episode_result *result)
{
	if (watch_start(foreground.progress) < 0)
		return -1;
	int ran = noise_start(&plan->noise, &apps);
	if (ran == 0)
		ran = press_with_policy(plan, result);
	noise_end();
	return watch_end() < 0 ? -1 : ran;
}

static int press_apps(const struct episode_plan *plan, struct episode_result *result)
{
	if (foreground_start(&foreground, &plan->demand, FOREGROUND_GROUP) < 0)
		return -1;
	int ran = holds_take(&apps);
	if (ran == 0) {
		sleep_for(plan->settle_ns); // ends early on a signal to stop
		ran = stop_requested() ? refused("stopped by a signal") : press_with_watcher(plan, result);
	}
	holds_end();
	return foreground_end(&foreground) < 0 ? -1 : ran;
}

static int run_in_groups(const struct episode_plan *plan, struct episode_result *result)
{
	if (inputs_open(plan->limit_kb) < 0)
		return -1;
	int ran = apps_start(&apps, plan->apps, plan->app_count, FIRST_APP_GROUP);
	if (ran == 0)
		ran = press_apps(plan, result);
	inputs_close();
	return apps_end(&apps) < 0 ? -1 : ran;
}

int episode_run(const struct episode_plan *plan, struct episode_result *result)
{
	if (plan->limit_kb == 0)
		return run_in_groups(plan, result);
	if (group_confine(plan->limit_kb) < 0)
		return -1;
	int ran = run_in_groups(plan, result);
	return group_unconfine() < 0 ? -1 : ran;
}
