// The decision: first what memory does, then the first rule that applies.
#include "decision.h"

#include <stddef.h>

enum { PERCEPTIBLE_APP_ADJ = 200, THRASHING_WINDOW_MS = 1000, WINDOWS_MAX = 62 };

// What the rules go by.
struct state {
	const struct lmkd_settings *settings;
	const struct lmkd_memory *memory;
	const struct lmkd_sight *sight;
	enum breached breached;
	enum reclaiming reclaiming;
	bool after_kill; // the evaluation before this one killed
	bool swap_is_low;
	int64_t thrashing_pct;
	int64_t critical_pct; // of thrashing
	int64_t in_direct_reclaim_ms;
};

static int64_t least(int64_t one, int64_t other)
{
	return one < other ? one : other;
}

// Swap that is free is worth no more than the memory that its compressed pages would take.
static int64_t free_swap_kb(const struct lmkd_settings *settings, const struct meminfo *meminfo)
{
	if (settings->swap_compression_ratio == 0)
		return meminfo->swap_free;
	return least(meminfo->swap_free, (meminfo->mem_free + meminfo->inactive_file) * settings->swap_compression_ratio);
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

static enum breached breached_watermark(const struct lmkd_sight *sight)
{
	int64_t free_kb = sight->meminfo.mem_free - sight->meminfo.cma_free;
	if (free_kb < sight->watermarks.min)
		return BREACHED_MIN;
	if (free_kb < sight->watermarks.low)
		return BREACHED_LOW;
	return free_kb < sight->watermarks.high ? BREACHED_HIGH : BREACHED_NONE;
}

static int64_t file_lru_pages(const struct vmstat *vmstat)
{
	return vmstat->nr_inactive_file + vmstat->nr_active_file;
}

// After a kill, refaults are counted anew.
static void start_after_kill(struct lmkd_memory *memory, const struct lmkd_sight *sight)
{
	memory->killing = false;
	memory->base_file_lru = file_lru_pages(&sight->vmstat);
	memory->init_refault = sight->vmstat.workingset_refault_file;
	memory->thrashing_reset_ms = sight->now_ms;
	memory->prev_thrash_growth_pct = 0;
}

static enum reclaiming see_reclaim(struct lmkd_memory *memory, const struct vmstat *vmstat)
{
	bool direct = vmstat->pgscan_direct != memory->init_pgscan_direct;
	bool kswapd = vmstat->pgscan_kswapd != memory->init_pgscan_kswapd || vmstat->pgrefill != memory->init_pgrefill;
	if (direct)
		memory->init_pgscan_direct = vmstat->pgscan_direct;
	if (direct || kswapd) {
		memory->init_pgscan_kswapd = vmstat->pgscan_kswapd;
		memory->init_pgrefill = vmstat->pgrefill;
	}
	return direct ? RECLAIM_DIRECT : kswapd ? RECLAIM_KSWAPD : RECLAIM_NONE;
}

static void note_direct_reclaim(struct lmkd_memory *memory, enum reclaiming reclaiming, int64_t now_ms)
{
	if (reclaiming != RECLAIM_DIRECT)
		memory->direct_reclaim_since_ms = -1;
	else if (memory->direct_reclaim_since_ms < 0)
		memory->direct_reclaim_since_ms = now_ms;
}

static int64_t refaulted_pct(const struct lmkd_memory *memory, const struct vmstat *vmstat)
{
	return (vmstat->workingset_refault_file - memory->init_refault) * 100 / (memory->base_file_lru + 1);
}

// The window is over: its growth fades by half with every window passed; but one that should have killed, and
// found nobody, is kept, so that whoever becomes killable is killed.
static void start_window(struct lmkd_memory *memory, const struct lmkd_settings *settings,
			 const struct lmkd_sight *sight, int64_t passed_ms)
{
	int64_t windows = least(passed_ms / THRASHING_WINDOW_MS, WINDOWS_MAX);
	memory->prev_thrash_growth_pct = refaulted_pct(memory, &sight->vmstat);
	if (windows > 1 || memory->prev_thrash_growth_pct < memory->thrashing_limit_pct)
		memory->prev_thrash_growth_pct >>= windows;
	memory->base_file_lru = file_lru_pages(&sight->vmstat);
	memory->init_refault = sight->vmstat.workingset_refault_file;
	memory->thrashing_reset_ms = sight->now_ms;
	memory->thrashing_limit_pct = settings->thrashing_limit;
}

static int64_t see_thrashing_pct(struct lmkd_memory *memory, const struct lmkd_settings *settings,
				 const struct lmkd_sight *sight)
{
	int64_t passed_ms = sight->now_ms - memory->thrashing_reset_ms;
	int64_t thrashing_pct = 0;
	if (passed_ms > THRASHING_WINDOW_MS)
		start_window(memory, settings, sight, passed_ms);
	else
		thrashing_pct = refaulted_pct(memory, &sight->vmstat);
	thrashing_pct += memory->prev_thrash_growth_pct;
	if (memory->max_thrashing_pct < thrashing_pct)
		memory->max_thrashing_pct = thrashing_pct;
	return thrashing_pct;
}

static bool is_after_kill(const struct state *state)
{
	return state->after_kill && state->breached == BREACHED_MIN;
}

static bool is_not_responding(const struct state *state)
{
	return state->sight->is_event && state->sight->level == LEVEL_CRITICAL;
}

static bool is_low_swap_and_thrashing(const struct state *state)
{
	return state->swap_is_low && state->thrashing_pct > state->settings->thrashing_limit;
}

static bool is_below_low(const struct state *state)
{
	return state->breached < BREACHED_HIGH;
}

static bool is_low_mem_and_swap(const struct state *state)
{
	return state->swap_is_low && is_below_low(state);
}

static bool is_low_mem_and_swap_util(const struct state *state)
{
	const struct lmkd_settings *settings = state->settings;
	return is_below_low(state) && settings->swap_util_max < 100 &&
	       swap_utilization_pct(settings, &state->sight->meminfo) > settings->swap_util_max;
}

static bool is_thrashing(const struct state *state)
{
	return state->thrashing_pct > state->memory->thrashing_limit_pct;
}

static bool is_low_mem_and_thrashing(const struct state *state)
{
	return is_below_low(state) && is_thrashing(state);
}

static bool is_direct_and_thrashing(const struct state *state)
{
	return state->reclaiming == RECLAIM_DIRECT && is_thrashing(state);
}

static bool is_direct_stuck(const struct state *state)
{
	int64_t threshold_ms = state->settings->direct_reclaim_threshold_ms;
	return state->reclaiming == RECLAIM_DIRECT && threshold_ms > 0 && state->in_direct_reclaim_ms > threshold_ms;
}

static bool is_filecache_low(const struct state *state)
{
	int64_t file_kb = file_lru_pages(&state->sight->vmstat) * state->sight->page_kb;
	return state->memory->check_filecache && file_kb < state->settings->filecache_min_kb;
}

static int any_app(const struct state *state)
{
	(void)state;
	return 0;
}

static int after_kill_score(const struct state *state)
{
	return (int)state->settings->pressure_after_kill_min_score;
}

// Perceptible apps are spared unless free memory is below the min watermark, or thrashing is critical.
static int spare_perceptible_above_min(const struct state *state)
{
	bool spared = state->breached > BREACHED_MIN && state->thrashing_pct < state->critical_pct;
	return spared ? PERCEPTIBLE_APP_ADJ + 1 : 0;
}

static int spare_perceptible_unless_critical(const struct state *state)
{
	return state->thrashing_pct < state->critical_pct ? PERCEPTIBLE_APP_ADJ + 1 : 0;
}

static int spare_perceptible(const struct state *state)
{
	(void)state;
	return PERCEPTIBLE_APP_ADJ + 1;
}

static int lowmem_score(const struct state *state)
{
	return (int)state->settings->lowmem_min_oom_score;
}

// In lmkd's order: the first that applies is the reason.
static const struct rule {
	enum kill_reason reason;
	bool (*applies)(const struct state *state);
	int (*min_score_adj)(const struct state *state);
	bool checks_filecache;     // from now on
	bool cuts_thrashing_limit; // once it has killed
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

static const struct rule *first_rule(const struct state *state)
{
	for (size_t i = 0; i < RULE_COUNT; i++)
		if (RULES[i].applies(state))
			return &RULES[i];
	return NULL;
}

// lmkd looks at the file cache only where none of the reasons before that one applies, and if it finds enough, no more.
static void update_filecache_check(struct lmkd_memory *memory, const struct rule *rule)
{
	if (rule != NULL && rule->checks_filecache)
		memory->check_filecache = true;
	else if (rule == NULL || rule->reason == LOW_MEM)
		memory->check_filecache = false;
}

static void apply_rules(const struct state *state, struct lmkd_memory *memory, struct lmkd_decision *decision)
{
	const struct rule *rule = first_rule(state);
	update_filecache_check(memory, rule);
	if (rule == NULL)
		return;
	bool stalled = state->sight->pressure.full_avg10_pct100 > state->settings->stall_limit_critical * 100;
	decision->reason = rule->reason;
	decision->min_score_adj = stalled ? 0 : rule->min_score_adj(state);
	decision->cuts_thrashing_limit = rule->cuts_thrashing_limit;
}

void lmkd_memory_init(struct lmkd_memory *memory, const struct lmkd_settings *settings)
{
	*memory = (struct lmkd_memory){ .thrashing_limit_pct = settings->thrashing_limit, .direct_reclaim_since_ms = -1 };
}

void lmkd_memory_catch_up(struct lmkd_memory *memory, const struct lmkd_sight *sight)
{
	see_reclaim(memory, &sight->vmstat);
	start_after_kill(memory, sight);
	memory->prev_refault = sight->vmstat.workingset_refault_file;
}

struct lmkd_decision lmkd_decide(const struct lmkd_settings *settings, struct lmkd_memory *memory,
				 const struct lmkd_sight *sight)
{
	struct lmkd_decision decision = { .reason = REASON_NONE, .breached = breached_watermark(sight) };
	struct state state = { .settings = settings, .memory = memory, .sight = sight, .breached = decision.breached };
	state.after_kill = memory->killing;
	if (memory->killing)
		start_after_kill(memory, sight);
	state.swap_is_low = decision.swap_is_low = is_swap_low(settings, &sight->meminfo);
	state.reclaiming = decision.reclaiming = see_reclaim(memory, &sight->vmstat);
	note_direct_reclaim(memory, state.reclaiming, sight->now_ms);
	if (state.reclaiming == RECLAIM_NONE && sight->vmstat.workingset_refault_file == memory->prev_refault)
		return decision; // neither reclaiming nor thrashing: nothing has changed
	memory->prev_refault = sight->vmstat.workingset_refault_file;
	state.thrashing_pct = decision.thrashing_pct = see_thrashing_pct(memory, settings, sight);
	state.critical_pct = settings->thrashing_limit_critical < 0 ? settings->thrashing_limit * 3 :
								      settings->thrashing_limit_critical;
	if (state.reclaiming == RECLAIM_DIRECT)
		state.in_direct_reclaim_ms = sight->now_ms - memory->direct_reclaim_since_ms;
	apply_rules(&state, memory, &decision);
	return decision;
}

void lmkd_remember_kill(const struct lmkd_settings *settings, struct lmkd_memory *memory,
			const struct lmkd_decision *decision)
{
	memory->killing = true;
	memory->max_thrashing_pct = 0;
	if (decision->cuts_thrashing_limit)
		memory->thrashing_limit_pct = memory->thrashing_limit_pct * (100 - settings->thrashing_limit_decay) / 100;
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
