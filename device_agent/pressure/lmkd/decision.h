// lmkd's decision whether to kill, and the lowest oom_score_adj to kill: a pure function of the inputs and of the state
// (AOSP system/memory/lmkd lmkd.cpp of Android 16, __mp_event_psi).
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "parse.h"
#include "settings.h"

// As AOSP's statslog.h numbers them.
enum kill_reason {
	REASON_NONE = -1,
	PRESSURE_AFTER_KILL = 0,
	NOT_RESPONDING = 1,
	LOW_SWAP_AND_THRASHING = 2,
	LOW_MEM_AND_SWAP = 3,
	LOW_MEM_AND_THRASHING = 4,
	DIRECT_RECL_AND_THRASHING = 5,
	LOW_MEM_AND_SWAP_UTIL = 6,
	LOW_FILECACHE_AFTER_THRASHING = 7,
	LOW_MEM = 8,
	DIRECT_RECL_STUCK = 9,
};

enum pressure_level { LEVEL_LOW, LEVEL_MEDIUM, LEVEL_CRITICAL };

// The lowest watermark above free memory.
enum breached { BREACHED_MIN, BREACHED_LOW, BREACHED_HIGH, BREACHED_NONE };

enum reclaiming { RECLAIM_NONE, RECLAIM_KSWAPD, RECLAIM_DIRECT };

struct lmkd_inputs {
	int64_t now_ms;             // a clock as coarse as CLOCK_MONOTONIC_COARSE
	bool is_event;              // a PSI event; false: polled
	enum pressure_level level;  // of the monitor of the event, or of the polling
	struct meminfo meminfo;
	struct vmstat vmstat;
	struct watermarks watermarks;
	struct pressure pressure;
	int64_t page_kb;
};

// The state that lmkd keeps between evaluations; lmkd_state_init() initializes it.
struct lmkd_state {
	bool killing;               // the last evaluation killed
	bool check_filecache;
	int64_t thrashing_limit_pct;
	int64_t thrashing_reset_ms;
	int64_t prev_thrash_growth_pct;
	int64_t init_refault, prev_refault;
	int64_t base_file_lru;      // pages
	int64_t init_pgscan_kswapd, init_pgscan_direct, init_pgrefill;
	int64_t direct_reclaim_since_ms; // below 0: not in direct reclaim
	int64_t max_thrashing_pct;
};

struct lmkd_decision {
	enum kill_reason reason;    // REASON_NONE: no kill
	int min_score_adj;
	enum breached breached;
	enum reclaiming reclaiming;
	bool swap_is_low;
	int64_t thrashing_pct;
	bool cuts_thrashing_limit;  // if a process is killed
};

void lmkd_state_init(struct lmkd_state *state, const struct lmkd_settings *settings);
// Takes the counters of reclaim and refaults as the starting point, as if lmkd had been running since boot.
void lmkd_state_catch_up(struct lmkd_state *state, const struct lmkd_inputs *inputs);
struct lmkd_decision lmkd_decide(const struct lmkd_settings *settings, struct lmkd_state *state,
				 const struct lmkd_inputs *inputs);
// Must be called after the kill of the decision.
void lmkd_remember_kill(const struct lmkd_settings *settings, struct lmkd_state *state,
			const struct lmkd_decision *decision);
// The name of a reason in AOSP's enum.
const char *kill_reason_name(enum kill_reason reason);
