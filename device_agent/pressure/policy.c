// The loop. Its states are those of lmkd: not polling; polling every 10 or 100 ms for a second after an event; paused
// while it waits for the exit of a victim; resumed, which evaluates immediately.
#include "policy.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "clock.h"
#include "failure.h"
#include "holds.h"
#include "lmkd/choice.h"
#include "share.h"
#include "inputs.h"
#include "stop.h"
#include "text.h"

// AOSP system/memory/lmkd lmkd.cpp: PSI_WINDOW_SIZE_MS, PSI_POLL_PERIOD_SHORT_MS and _LONG_MS; watermarks
// are read again after a minute.
enum { WINDOW_MS = 1000, SHORT_POLL_MS = 10, LONG_POLL_MS = 100, WATERMARKS_MS = 60000 };

enum source { MEDIUM_PRESSURE, CRITICAL_PRESSURE, VICTIM_EXIT, KILL_FAILURE, DEMAND, HOST, SOURCE_COUNT };

enum polling { POLLING_OFF, POLLING_ON, POLLING_PAUSED };

static struct {
	int epoll_fd;
	int monitors[2]; // MEDIUM_PRESSURE, CRITICAL_PRESSURE; -1: disabled
	struct lmkd_state state;
	enum pressure_level last_level;  // of the last event, until a poll resets it
	enum pressure_level polled_level;
	enum polling polling;
	int64_t poll_start_ms, last_poll_ms, interval_ms;
	const struct watched *awaited; // the victim that the loop waits for, or NULL
	int64_t last_kill_ms;
	int64_t watermarks_ms;
} loop;

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / NS_PER_MS;
}

static int add(enum source source, int fd, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.u32 = source };
	if (epoll_ctl(loop.epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0)
		return 0;
	bool is_regular = errno == EPERM && source == HOST; // a regular file never hangs up
	return is_regular ? 0 : failed("wait for source %d", (int)source);
}

// lmkd does not register a monitor whose threshold is 0.
static int add_monitor(enum source source, const char *kind, int64_t stall_ms)
{
	char trigger[64];
	if (stall_ms == 0)
		return 0;
	int fd = loop.monitors[source] = inputs_open_pressure();
	if (fd < 0)
		return -1;
	text_format(trigger, sizeof(trigger), "%s %lld %d", kind, (long long)(stall_ms * 1000), WINDOW_MS * 1000);
	if (write(fd, trigger, strlen(trigger) + 1) < 0)
		return failed("set the PSI trigger \"%s\"", trigger);
	return add(source, fd, EPOLLPRI);
}

static int start_state(const struct lmkd_settings *settings)
{
	struct lmkd_inputs inputs;
	lmkd_state_init(&loop.state, settings);
	if (inputs_read(&inputs) < 0)
		return -1;
	lmkd_state_catch_up(&loop.state, &inputs);
	return 0;
}

int policy_open(struct policy *policy)
{
	memset(&loop, 0, sizeof(loop));
	loop.monitors[0] = loop.monitors[1] = loop.epoll_fd = -1;
	if (start_state(policy->settings) < 0)
		return -1;
	loop.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop.epoll_fd < 0)
		return failed("create an epoll instance");
	if (add_monitor(MEDIUM_PRESSURE, "some", policy->settings->psi_partial_stall_ms) < 0 ||
	    add_monitor(CRITICAL_PRESSURE, "full", policy->settings->psi_complete_stall_ms) < 0)
		return -1;
	if (add(KILL_FAILURE, killers_failure_fd(), EPOLLIN) < 0 ||
	    add(DEMAND, policy->foreground->done_fd, EPOLLIN) < 0)
		return -1;
	return add(HOST, STDOUT_FILENO, 0); // only for hang-ups, which are always reported
}

void policy_close(struct policy *policy)
{
	(void)policy;
	for (int i = 0; i < 2; i++)
		if (loop.monitors[i] >= 0)
			close(loop.monitors[i]);
	if (loop.epoll_fd >= 0)
		close(loop.epoll_fd);
}

static int start_waiting(const struct watched *watched, int64_t at_ms)
{
	loop.awaited = watched;
	loop.last_kill_ms = at_ms;
	return add(VICTIM_EXIT, watched->killing.victim->pidfd, EPOLLIN);
}

static void stop_waiting(void)
{
	if (loop.awaited != NULL)
		epoll_ctl(loop.epoll_fd, EPOLL_CTL_DEL, loop.awaited->killing.victim->pidfd, NULL);
	loop.awaited = NULL;
}

static void resume_polling(int64_t at_ms)
{
	if (loop.polling != POLLING_PAUSED)
		return;
	loop.polling = POLLING_ON;
	loop.poll_start_ms = at_ms;
	loop.interval_ms = SHORT_POLL_MS;
}

// Sums the memory still charged to earlier victims, by their state.
static void count_condemned(const struct policy *policy, struct kill_record *record, int64_t at_ns)
{
	int64_t patience_ns = policy->settings->kill_timeout_ms * NS_PER_MS;
	for (size_t i = 0; i < policy->kill_count; i++) {
		const struct watched *earlier = &policy->kills[i].watched;
		int64_t charged_kb = group_charged_kb(&earlier->killing.victim->group);
		if (reaches_share(earlier->charged_kb - charged_kb, earlier->charged_kb, FREED_PCT))
			continue;
		if (victim_has_exited(earlier->killing.victim))
			record->condemned_zombie_kb += charged_kb;
		else if (at_ns - earlier->decided_ns >= patience_ns)
			record->condemned_late_kb += charged_kb;
		else
			record->condemned_exiting_kb += charged_kb;
	}
}

static int64_t shortfall_of(const struct lmkd_inputs *inputs)
{
	int64_t shortfall_kb = inputs->watermarks.low - (inputs->meminfo.mem_free - inputs->meminfo.cma_free);
	return shortfall_kb > 0 ? shortfall_kb : 0;
}

static struct candidate candidates[APPS_MAX];
static const struct apps *candidate_apps;

static int64_t candidate_rss_kb(const struct candidate *candidate)
{
	return app_rss_kb(&candidate_apps->items[candidate - candidates]);
}

// The first app in lmkd's order that is not a zombie; -1: there is none.
static int choose(struct policy *policy, int min_score_adj, int64_t *rss_kb)
{
	int index;
	while ((index = lmkd_choose(candidates, policy->apps->count, min_score_adj,
				    policy->settings->kill_heaviest_task, candidate_rss_kb)) >= 0) {
		*rss_kb = app_rss_kb(&policy->apps->items[index]);
		candidates[index].gone = true; // killed now, or a zombie: lmkd drops it in both cases
		if (*rss_kb > 0)
			break;
	}
	return index;
}

static void prepare_candidates(const struct policy *policy)
{
	candidate_apps = policy->apps;
	for (size_t i = 0; i < policy->apps->count; i++) {
		const struct app *app = &policy->apps->items[i];
		candidates[i] = (struct candidate){
			.pid = app->process.pid, .adj = (int)app->plan->adj, .adj_order = (int64_t)i
		};
	}
}

static struct kill_record *make_record(struct policy *policy, const struct app *app, const struct lmkd_inputs *inputs,
				       const struct lmkd_decision *decision)
{
	struct kill_record *record = &policy->kills[policy->kill_count];
	memset(record, 0, sizeof(*record));
	record->decision = *decision;
	record->inputs = *inputs;
	record->shortfall_kb = shortfall_of(inputs);
	record->watched.app = (size_t)(app - policy->apps->items);
	record->watched.killing.victim = &app->process;
	record->watched.charged_kb = group_charged_kb(&app->process.group);
	record->watched.decided_ns = now_ns();
	if (app->plan->stall_ns > 0)
		record->watched.release_ns = record->watched.decided_ns + app->plan->stall_ns;
	return record;
}

// 1: killed; 0: no candidate; -1 with failed().
static int kill_app(struct policy *policy, const struct lmkd_inputs *inputs, const struct lmkd_decision *decision)
{
	int64_t rss_kb = 0;
	int index = choose(policy, decision->min_score_adj, &rss_kb);
	if (index < 0)
		return 0;
	struct kill_record *record = make_record(policy, &policy->apps->items[index], inputs, decision);
	record->pid = policy->apps->items[index].process.pid;
	record->rss_kb = rss_kb;
	holds_killed((size_t)index);
	if (start_waiting(&record->watched, inputs->now_ms) < 0)
		return -1;
	if (killers_kill(&record->watched.killing) < 0) {
		stop_waiting();
		return failed("kill an app");
	}
	count_condemned(policy, record, record->watched.decided_ns); // not before the kill, to not delay it
	policy->kill_count++;
	watch_victim(&record->watched);
	lmkd_remember_kill(policy->settings, &loop.state, decision);
	return 1;
}

static int refresh_watermarks(struct policy *policy, int64_t at_ms)
{
	loop.watermarks_ms = at_ms;
	return inputs_read_watermarks(&policy->watermarks);
}

// Reads the inputs, decides, and kills. 1: killed; 0: not; -1 with failed(). Stores the decision.
static int decide(struct policy *policy, enum pressure_level level, bool is_event, struct lmkd_decision *decision)
{
	struct lmkd_inputs inputs = { .is_event = is_event, .level = level };
	if (inputs_read(&inputs) < 0)
		return -1;
	if ((policy->watermarks.high == 0 || inputs.now_ms - loop.watermarks_ms > WATERMARKS_MS) &&
	    refresh_watermarks(policy, inputs.now_ms) < 0)
		return -1;
	inputs.watermarks = policy->watermarks;
	*decision = lmkd_decide(policy->settings, &loop.state, &inputs);
	policy->evaluations++;
	return decision->reason == REASON_NONE ? 0 : kill_app(policy, &inputs, decision);
}

static bool must_skip(const struct policy *policy, int64_t at_ms)
{
	int64_t timeout_ms = policy->settings->kill_timeout_ms;
	return loop.awaited != NULL && (timeout_ms == 0 || at_ms - loop.last_kill_ms < timeout_ms);
}

// Updates the polling after an evaluation.
static void update_polling(enum pressure_level level, bool is_event, bool killed,
			   const struct lmkd_decision *decision, int64_t at_ms)
{
	loop.last_poll_ms = at_ms;
	if (loop.awaited != NULL) {
		loop.polling = POLLING_PAUSED;
		loop.polled_level = level;
		return;
	}
	if (is_event || killed || decision->reclaiming == RECLAIM_DIRECT) {
		loop.polling = POLLING_ON;
		loop.poll_start_ms = at_ms;
		loop.polled_level = level;
	} else if (at_ms - loop.poll_start_ms > WINDOW_MS) {
		loop.polling = POLLING_OFF;
	}
	loop.interval_ms = decision->swap_is_low || killed ? SHORT_POLL_MS : LONG_POLL_MS;
}

static int evaluate(struct policy *policy, enum pressure_level level, bool is_event)
{
	struct lmkd_decision decision = { .reason = REASON_NONE };
	int killed = 0;
	if (is_event && level < loop.last_level)
		return 0; // a lower event within the first window after a higher one
	loop.last_level = is_event ? level : LEVEL_LOW;
	if (must_skip(policy, now_ms())) {
		policy->skipped_wakeups++;
	} else {
		stop_waiting();
		killed = decide(policy, level, is_event, &decision);
	}
	if (killed >= 0)
		update_polling(level, is_event, killed > 0, &decision, now_ms());
	return killed < 0 ? -1 : 0;
}

// The time to wait for events, in ms.
static int64_t patience_ms(const struct policy *policy, int64_t deadline_ns)
{
	int64_t at_ms = now_ms();
	int64_t left_ms = (deadline_ns - now_ns()) / NS_PER_MS + 1;
	int64_t wait_ms = left_ms;
	if (loop.polling == POLLING_ON) {
		int64_t passed_ms = at_ms - loop.last_poll_ms;
		wait_ms = passed_ms < loop.interval_ms ? loop.interval_ms - passed_ms : 0;
	} else if (loop.awaited != NULL && policy->settings->kill_timeout_ms > 0) {
		wait_ms = policy->settings->kill_timeout_ms - (at_ms - loop.last_kill_ms);
	}
	wait_ms = wait_ms < left_ms ? wait_ms : left_ms;
	return wait_ms > 0 ? wait_ms : 0;
}

static int poll_when_due(struct policy *policy)
{
	if (loop.polling != POLLING_ON || now_ms() - loop.last_poll_ms < loop.interval_ms)
		return 0;
	return evaluate(policy, loop.polled_level, false);
}

// After the exit of the victim, a failed kill, or the kill timeout: evaluates immediately.
static int resume(struct policy *policy)
{
	stop_waiting();
	resume_polling(now_ms());
	return loop.polling == POLLING_ON ? evaluate(policy, loop.polled_level, false) : 0;
}

static int handle(struct policy *policy, enum source source, bool *done)
{
	switch (source) {
	case MEDIUM_PRESSURE:
	case CRITICAL_PRESSURE:
		policy->events++;
		return evaluate(policy, source == CRITICAL_PRESSURE ? LEVEL_CRITICAL : LEVEL_MEDIUM, true);
	case KILL_FAILURE:
		killers_clear_failure();
		return resume(policy);
	case VICTIM_EXIT: // possibly of a victim that the loop no longer waits for
		return loop.awaited != NULL && victim_has_exited(loop.awaited->killing.victim) ? resume(policy) : 0;
	case DEMAND: *done = true; return 0;
	case HOST: return refused("the host is gone");
	case SOURCE_COUNT: break;
	}
	return 0;
}

static int handle_all(struct policy *policy, const struct epoll_event *events, int count, bool *done)
{
	for (int i = 0; i < count; i++)
		if (handle(policy, (enum source)events[i].data.u32, done) < 0)
			return -1;
	return 0;
}

static bool kill_timed_out(const struct policy *policy)
{
	return loop.awaited != NULL && loop.polling != POLLING_ON && policy->settings->kill_timeout_ms > 0 &&
	       now_ms() - loop.last_kill_ms >= policy->settings->kill_timeout_ms;
}

static int run_once(struct policy *policy, int64_t deadline_ns, bool *done)
{
	struct epoll_event events[SOURCE_COUNT];
	int count = epoll_wait(loop.epoll_fd, events, SOURCE_COUNT, (int)patience_ms(policy, deadline_ns));
	if (count < 0 && errno != EINTR)
		return failed("wait for events");
	if (stop_requested())
		return refused("stopped by a signal");
	if (poll_when_due(policy) < 0 || handle_all(policy, events, count, done) < 0)
		return -1;
	return count == 0 && kill_timed_out(policy) ? resume(policy) : 0;
}

int policy_run(struct policy *policy, int64_t deadline_ns)
{
	bool done = false;
	prepare_candidates(policy);
	while (!done && now_ns() < deadline_ns)
		if (run_once(policy, deadline_ns, &done) < 0)
			return -1;
	return 0;
}
