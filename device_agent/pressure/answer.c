// Writes the lines. All times are ns since the start of the demand.
#include "answer.h"

#include "clock.h"
#include "failure.h"
#include "wire.h"

enum { POINTS_A_LINE = 400 };

static int64_t since(int64_t moment_ns, const struct episode_result *result)
{
	return moment_ns == 0 ? -1 : moment_ns - result->start_ns;
}

static void answer_inputs(const struct kill_record *record)
{
	const struct meminfo *meminfo = &record->inputs.meminfo;
	wire_text("reason", kill_reason_name(record->decision.reason));
	wire_number("min_score_adj", record->decision.min_score_adj);
	wire_number("free_kb", meminfo->mem_free - meminfo->cma_free);
	wire_number("shortfall_kb", record->shortfall_kb);
	wire_number("swap_free_kb", meminfo->swap_free);
	wire_number("thrashing_pct", record->decision.thrashing_pct);
	wire_number("condemned_zombie_kb", record->condemned_zombie_kb);
	wire_number("condemned_late_kb", record->condemned_late_kb);
	wire_number("condemned_exiting_kb", record->condemned_exiting_kb);
}

static void answer_reaping(const struct killing *killing, const struct episode_result *result)
{
	const struct call *mrelease = mrelease_call(&killing->outcome);
	bool done = killing->done_ns != 0;
	wire_bool("by_reaper", killing->by_reaper);
	wire_text("mrelease_errno", done && mrelease != NULL ? errno_name(mrelease->error) : "");
	wire_number_or_null("killed_ns", since(killing->outcome.killed_ns, result));
	wire_number_or_null("reaped_ns", done && mrelease != NULL ? since(killing->done_ns, result) : -1);
	wire_number_or_null("charged_at_return_kb", done ? killing->charged_at_return_kb : -1);
}

static int answer_kill(const struct kill_record *record, const struct episode_result *result)
{
	const struct watched *watched = &record->watched;
	const struct app *app = &result->policy.apps->items[watched->app];
	wire_begin("kill");
	wire_number("app", (int64_t)watched->app);
	wire_number("pid", record->pid);
	wire_number("adj", app->plan->adj);
	wire_text("stall", APP_STALL_NAMES[app->plan->stall]);
	wire_number("rss_kb", record->rss_kb);
	wire_number("charged_kb", watched->charged_kb);
	wire_number("decided_ns", since(watched->decided_ns, result));
	answer_reaping(&watched->killing, result);
	wire_number_or_null("exited_ns", since(watched->exited_ns, result));
	wire_number_or_null("freed_ns", since(watched->freed_ns, result));
	answer_inputs(record);
	return wire_end();
}

static int answer_points(const struct watch_point *points, size_t count, const struct episode_result *result)
{
	wire_begin("curve");
	wire_open("points", '[');
	for (size_t i = 0; i < count; i++) {
		wire_open(NULL, '[');
		wire_item((points[i].at_ns - result->start_ns) / NS_PER_US);
		wire_item(points[i].free_kb);
		wire_item(points[i].returned_kb);
		wire_item(points[i].demand_kb);
		wire_close(']');
	}
	wire_close(']');
	return wire_end();
}

static int answer_curve(const struct episode_result *result)
{
	size_t count;
	const struct watch_point *points = watch_points(&count);
	for (size_t i = 0; i < count; i += POINTS_A_LINE)
		if (answer_points(points + i, count - i < POINTS_A_LINE ? count - i : POINTS_A_LINE, result) < 0)
			return -1;
	return 0;
}

static void answer_setting(const char *name, int64_t value, void *unused)
{
	(void)unused;
	wire_number(name, value);
}

static void answer_totals(const struct memory_totals *totals)
{
	wire_number("psi_some_us", totals->pressure.some_total_us);
	wire_number("psi_full_us", totals->pressure.full_total_us);
	wire_number("direct_stalls", totals->direct_stalls);
	wire_number("refaults_anon", totals->refaults_anon);
	wire_number("refaults_file", totals->refaults_file);
	wire_number("swapped_in_pages", totals->swapped_in);
	wire_number("swapped_out_pages", totals->swapped_out);
	wire_number("oom_kills", totals->oom_kills);
}

static int answer_end(const struct episode_plan *plan, const struct episode_result *result)
{
	wire_begin("episode");
	wire_number("id", plan->id);
	wire_bool("demand_met", result->demand_met);
	wire_number("duration_ns", result->end_ns - result->start_ns);
	wire_number_or_null("risen_ns", result->risen_ns);
	wire_number("clock_resolution_ns", result->clock_resolution_ns);
	wire_number("threshold_kb", result->policy.watermarks.low);
	wire_number("free_at_start_kb", result->free_at_start_kb);
	wire_number("apps_started", result->apps_started);
	wire_number("apps_alive", result->apps_alive);
	wire_number("apps_lost", result->apps_lost);
	wire_number_or_null("fg_fault_p50_ns", result->fault_p50_ns);
	wire_number_or_null("fg_fault_p99_ns", result->fault_p99_ns);
	wire_number_or_null("fg_fault_max_ns", result->fault_max_ns);
	wire_number("evaluations", result->policy.evaluations);
	wire_number("psi_events", result->policy.events);
	wire_number("skipped_wakeups", result->policy.skipped_wakeups);
	answer_totals(&result->totals);
	wire_open("settings", '{');
	lmkd_each_setting(&plan->settings, answer_setting, NULL);
	wire_close('}');
	return wire_end();
}

int answer_episode(const struct episode_plan *plan, const struct episode_result *result)
{
	for (size_t i = 0; i < result->policy.kill_count; i++)
		if (answer_kill(&result->policy.kills[i], result) < 0)
			return -1;
	if (answer_curve(result) < 0)
		return -1;
	return answer_end(plan, result);
}
