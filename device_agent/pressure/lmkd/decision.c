// Decides: evaluates the state of memory, then applies the first matching rule.
#include "decision.h"

#include <stddef.h>

enum { PERCEPTIBLE_APP_ADJ = 200, THRASHING_WINDOW_MS = 1000, WINDOWS_MAX = 62 };

// The arguments of the rules.
struct evaluation {
	const struct lmkd_settings *settings;
	const struct lmkd_state *state;
	const struct lmkd_inputs *inputs;
	enum breached breached;
	enum reclaiming reclaiming;
	bool after_kill; // the evaluation before this one killed
	bool swap_is_low;
	int64_t thrashing_pct;
	int64_t critical_pct; // of thrashing
	int64_t in_direct_reclaim_ms;
};

static int64_t minimum(int64_t left, int64_t right)
{
	return left < right ? left : right;
}

// Limits free swap by the memory that its compressed pages would occupy.
static int64_t free_swap_kb(const struct lmkd_settings *settings, const struct meminfo *meminfo)
{
	if (settings->swap_compression_ratio == 0)
		return meminfo->swap_free;
	int64_t easy_kb = meminfo->mem_free + meminfo->inactive_file;
	return minimum(meminfo->swap_free, easy_kb * settings->swap_compression_ratio);
}

static bool is_swap_low(const struct lmkd_settings *settings, const struct meminfo *meminfo)
{
	return free_swap_kb(settings, meminfo) < meminfo->swap_total * settings->swap_free_low_percentage / 100;
}

static int64_t swap_utilization_pct(const struct lmkd_settings *settings, const struct meminfo *meminfo)
{
	int64_t used_kb = meminfo->swap_total - free_swap_kb(settings, meminfo);
	int64_t swappable_kb = meminfo->active_anon + meminfo->inactive_anon + meminfo->shmem + used_kb;
	return swappable_kb > 0 ? used_kb * 100 / swappable_kb : 0;
}

static enum breached breached_watermark(const struct lmkd_inputs *inputs)
{
	int64_t free_kb = inputs->meminfo.mem_free - inputs->meminfo.cma_free;
	if (free_kb < inputs->watermarks.min)
		return BREACHED_MIN;
	if (free_kb < inputs->watermarks.low)
		return BREACHED_LOW;
	return free_kb < inputs->watermarks.high ? BREACHED_HIGH : BREACHED_NONE;
}

static int64_t file_lru_pages(const struct vmstat *vmstat)
{
	return vmstat->nr_inactive_file + vmstat->nr_active_file;
}

// Restarts the count of refaults after a kill.
static void start_after_kill(struct lmkd_state *state, const struct lmkd_inputs *inputs)
{
	state->killing = false;
	state->base_file_lru = file_lru_pages(&inputs->vmstat);
	state->init_refault = inputs->vmstat.workingset_refault_file;
	state->thrashing_reset_ms = inputs->now_ms;
	state->prev_thrash_growth_pct = 0;
}

static enum reclaiming update_reclaim(struct lmkd_state *state, const struct vmstat *vmstat)
{
	bool direct = vmstat->pgscan_direct != state->init_pgscan_direct;
	bool kswapd = vmstat->pgscan_kswapd != state->init_pgscan_kswapd || vmstat->pgrefill != state->init_pgrefill;
	if (direct)
		state->init_pgscan_direct = vmstat->pgscan_direct;
	if (direct || kswapd) {
		state->init_pgscan_kswapd = vmstat->pgscan_kswapd;
		state->init_pgrefill = vmstat->pgrefill;
	}
	return direct ? RECLAIM_DIRECT : kswapd ? RECLAIM_KSWAPD : RECLAIM_NONE;
}

static void note_direct_reclaim(struct lmkd_state *state, enum reclaiming reclaiming, int64_t now_ms)
{
	if (reclaiming != RECLAIM_DIRECT)
		state->direct_reclaim_since_ms = -1;
	else if (state->direct_reclaim_since_ms < 0)
		state->direct_reclaim_since_ms = now_ms;
}

static int64_t refaulted_pct(const struct lmkd_state *state, const struct vmstat *vmstat)
{
	return (vmstat->workingset_refault_file - state->init_refault) * 100 / (state->base_file_lru + 1);
}

// Ends the window: its growth decays by half per elapsed window. The growth of a window that should have killed but
// found no candidate is kept, so that the next candidate is killed.
static void start_window(struct lmkd_state *state, const struct lmkd_settings *settings,
			 const struct lmkd_inputs *inputs, int64_t passed_ms)
{
	int64_t windows = minimum(passed_ms / THRASHING_WINDOW_MS, WINDOWS_MAX);
	state->prev_thrash_growth_pct = refaulted_pct(state, &inputs->vmstat);
	if (windows > 1 || state->prev_thrash_growth_pct < state->thrashing_limit_pct)
		state->prev_thrash_growth_pct >>= windows;
	state->base_file_lru = file_lru_pages(&inputs->vmstat);
	state->init_refault = inputs->vmstat.workingset_refault_file;
	state->thrashing_reset_ms = inputs->now_ms;
	state->thrashing_limit_pct = settings->thrashing_limit;
}

static int64_t update_thrashing_pct(struct lmkd_state *state, const struct lmkd_settings *settings,
				 const struct lmkd_inputs *inputs)
{
	int64_t passed_ms = inputs->now_ms - state->thrashing_reset_ms;
	int64_t thrashing_pct = 0;
	if (passed_ms > THRASHING_WINDOW_MS)
		start_window(state, settings, inputs, passed_ms);
	else
		thrashing_pct = refaulted_pct(state, &inputs->vmstat);
	thrashing_pct += state->prev_thrash_growth_pct;
	if (state->max_thrashing_pct < thrashing_pct)
		state->max_thrashing_pct = thrashing_pct;
	return thrashing_pct;
}

static bool is_after_kill(const struct evaluation *evaluation)
{
	return evaluation->after_kill && evaluation->breached == BREACHED_MIN;
}

static bool is_not_responding(const struct evaluation *evaluation)
{
	return evaluation->inputs->is_event && evaluation->inputs->level == LEVEL_CRITICAL;
}

static bool is_low_swap_and_thrashing(const struct evaluation *evaluation)
{
	return evaluation->swap_is_low && evaluation->thrashing_pct > evaluation->settings->thrashing_limit;
}

static bool is_below_low(const struct evaluation *evaluation)
{
	return evaluation->breached < BREACHED_HIGH;
}

static bool is_low_mem_and_swap(const struct evaluation *evaluation)
{
	return evaluation->swap_is_low && is_below_low(evaluation);
}

static bool is_low_mem_and_swap_util(const struct evaluation *evaluation)
{
	const struct lmkd_settings *settings = evaluation->settings;
	return is_below_low(evaluation) && settings->swap_util_max < 100 &&
	       swap_utilization_pct(settings, &evaluation->inputs->meminfo) > settings->swap_util_max;
}

static bool is_thrashing(const struct evaluation *evaluation)
{
	return evaluation->thrashing_pct > evaluation->state->thrashing_limit_pct;
}

static bool is_low_mem_and_thrashing(const struct evaluation *evaluation)
{
	return is_below_low(evaluation) && is_thrashing(evaluation);
}

static bool is_direct_and_thrashing(const struct evaluation *evaluation)
{
	return evaluation->reclaiming == RECLAIM_DIRECT && is_thrashing(evaluation);
}

static bool is_direct_stuck(const struct evaluation *evaluation)
{
	int64_t threshold_ms = evaluation->settings->direct_reclaim_threshold_ms;
	return evaluation->reclaiming == RECLAIM_DIRECT && threshold_ms > 0 &&
	       evaluation->in_direct_reclaim_ms > threshold_ms;
}

static bool is_filecache_low(const struct evaluation *evaluation)
{
	int64_t file_kb = file_lru_pages(&evaluation->inputs->vmstat) * evaluation->inputs->page_kb;
	return evaluation->state->check_filecache && file_kb < evaluation->settings->filecache_min_kb;
}

static int any_app(const struct evaluation *evaluation)
{
	(void)evaluation;
	return 0;
}

static int after_kill_score(const struct evaluation *evaluation)
{
	return (int)evaluation->settings->pressure_after_kill_min_score;
}

// Perceptible apps are spared unless free memory is below the min watermark, or thrashing is critical.
static int spare_perceptible_above_min(const struct evaluation *evaluation)
{
	bool spared = evaluation->breached > BREACHED_MIN && evaluation->thrashing_pct < evaluation->critical_pct;
	return spared ? PERCEPTIBLE_APP_ADJ + 1 : 0;
}

static int spare_perceptible_unless_critical(const struct evaluation *evaluation)
{
	return evaluation->thrashing_pct < evaluation->critical_pct ? PERCEPTIBLE_APP_ADJ + 1 : 0;
}

static int spare_perceptible(const struct evaluation *evaluation)
{
	(void)evaluation;
	return PERCEPTIBLE_APP_ADJ + 1;
}

static int lowmem_score(const struct evaluation *evaluation)
{
	return (int)evaluation->settings->lowmem_min_oom_score;
}

// In lmkd's order: the first matching rule is the reason.
static const struct rule {
	enum kill_reason reason;
	bool (*applies)(const struct evaluation *evaluation);
	int (*min_score_adj)(const struct evaluation *evaluation);
	bool checks_filecache;     // from now on
	bool cuts_thrashing_limit; // after the kill
} RULES[] = {
	{ PRESSURE_AFTER_KILL, is_after_kill, after_kill_score, false, false },
	{ NOT_RESPONDING, is_not_responding, any_app, false, false },
	{ LOW_SWAP_AND_THRASHING, is_low_swap_and_thrashing, spare_perceptible_above_min, true, false },
	{ LOW_MEM_AND_SWAP, is_low_mem_and_swap, spare_perceptible_above_min, false, false },
	{ LOW_MEM_AND_SWAP_UTIL, is_low_mem_and_swap_util, any_app, false, false },
	{ LOW_MEM_AND_THRASHING, is_low_mem_and_thrashing, spare_perceptible_unless_critical, true, true },
	{ DIRECT_RECL_AND_THRASHING, is_direct_and_thrashing, spare_perceptible_unless_critical, true, true },
	{ DIRECT_RECL_STUCK, is_direct_stuck, any_app, false, false },
	{ LOW_FILECACHE_AFTER_THRASHING, is_filecache_low, spare_perceptible, false, false },
	{ LOW_MEM, is_below_low, lowmem_score, false, false },
};

enum { RULE_COUNT = sizeof(RULES) / sizeof(RULES[0]) };

static const struct rule *first_rule(const struct evaluation *evaluation)
{
	for (size_t i = 0; i < RULE_COUNT; i++)
		if (RULES[i].applies(evaluation))
			return &RULES[i];
	return NULL;
}

// lmkd checks the file cache only if no earlier rule matches, and stops checking once the cache is large enough.
static void update_filecache_check(struct lmkd_state *state, const struct rule *rule)
{
	if (rule != NULL && rule->checks_filecache)
		state->check_filecache = true;
	else if (rule == NULL || rule->reason == LOW_MEM)
		state->check_filecache = false;
}

static void apply_rules(const struct evaluation *evaluation, struct lmkd_state *state, struct lmkd_decision *decision)
{
	const struct rule *rule = first_rule(evaluation);
	update_filecache_check(state, rule);
	if (rule == NULL)
		return;
	int64_t limit_pct100 = evaluation->settings->stall_limit_critical * 100;
	bool stalled = evaluation->inputs->pressure.full_avg10_pct100 > limit_pct100;
	decision->reason = rule->reason;
	decision->min_score_adj = stalled ? 0 : rule->min_score_adj(evaluation);
	decision->cuts_thrashing_limit = rule->cuts_thrashing_limit;
}

void lmkd_state_init(struct lmkd_state *state, const struct lmkd_settings *settings)
{
	*state = (struct lmkd_state){ .thrashing_limit_pct = settings->thrashing_limit, .direct_reclaim_since_ms = -1 };
}

void lmkd_state_catch_up(struct lmkd_state *state, const struct lmkd_inputs *inputs)
{
	update_reclaim(state, &inputs->vmstat);
	start_after_kill(state, inputs);
	state->prev_refault = inputs->vmstat.workingset_refault_file;
}

struct lmkd_decision lmkd_decide(const struct lmkd_settings *settings, struct lmkd_state *state,
				 const struct lmkd_inputs *inputs)
{
	struct lmkd_decision decision = { .reason = REASON_NONE, .breached = breached_watermark(inputs) };
	struct evaluation evaluation = {
		.settings = settings,
		.state = state,
		.inputs = inputs,
		.breached = decision.breached,
		.after_kill = state->killing,
	};
	if (state->killing)
		start_after_kill(state, inputs);
	evaluation.swap_is_low = decision.swap_is_low = is_swap_low(settings, &inputs->meminfo);
	evaluation.reclaiming = decision.reclaiming = update_reclaim(state, &inputs->vmstat);
	note_direct_reclaim(state, evaluation.reclaiming, inputs->now_ms);
	if (evaluation.reclaiming == RECLAIM_NONE && inputs->vmstat.workingset_refault_file == state->prev_refault)
		return decision; // neither reclaim nor thrashing since the last evaluation
	state->prev_refault = inputs->vmstat.workingset_refault_file;
	evaluation.thrashing_pct = decision.thrashing_pct = update_thrashing_pct(state, settings, inputs);
	evaluation.critical_pct = settings->thrashing_limit_critical < 0 ? settings->thrashing_limit * 3 :
								      settings->thrashing_limit_critical;
	if (evaluation.reclaiming == RECLAIM_DIRECT)
		evaluation.in_direct_reclaim_ms = inputs->now_ms - state->direct_reclaim_since_ms;
	apply_rules(&evaluation, state, &decision);
	return decision;
}

void lmkd_remember_kill(const struct lmkd_settings *settings, struct lmkd_state *state,
			const struct lmkd_decision *decision)
{
	state->killing = true;
	state->max_thrashing_pct = 0;
	if (decision->cuts_thrashing_limit)
		state->thrashing_limit_pct = state->thrashing_limit_pct * (100 - settings->thrashing_limit_decay) / 100;
}

const char *kill_reason_name(enum kill_reason reason)
{
	static const char *const NAMES[] = {
		[PRESSURE_AFTER_KILL] = "PRESSURE_AFTER_KILL",
		[NOT_RESPONDING] = "NOT_RESPONDING",
		[LOW_SWAP_AND_THRASHING] = "LOW_SWAP_AND_THRASHING",
		[LOW_MEM_AND_SWAP] = "LOW_MEM_AND_SWAP",
		[LOW_MEM_AND_THRASHING] = "LOW_MEM_AND_THRASHING",
		[DIRECT_RECL_AND_THRASHING] = "DIRECT_RECL_AND_THRASHING",
		[LOW_MEM_AND_SWAP_UTIL] = "LOW_MEM_AND_SWAP_UTIL",
		[LOW_FILECACHE_AFTER_THRASHING] = "LOW_FILECACHE_AFTER_THRASHING",
		[LOW_MEM] = "LOW_MEM",
		[DIRECT_RECL_STUCK] = "DIRECT_RECL_STUCK",
	};
	return reason == REASON_NONE ? "NONE" : NAMES[reason];
}
