// lmkd's decision whether to kill, and down to which oom_score_adj: a function of what it sees and of what it
// remembers, nothing else (AOSP system/memory/lmkd lmkd.cpp of Android 16, __mp_event_psi).
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

// The lowest watermark that free memory is below.
enum breached { BREACHED_MIN, BREACHED_LOW, BREACHED_HIGH, BREACHED_NONE };

enum reclaiming { RECLAIM_NONE, RECLAIM_KSWAPD, RECLAIM_DIRECT };

struct lmkd_inputs {
	int64_t now_ms;             // a clock as coarse as CLOCK_MONOTONIC_COARSE
	bool is_event;              // a PSI event; false: polled
	enum pressure_level level;  // of the monitor that the event is of, or that is polled for
	struct meminfo meminfo;
	struct vmstat vmstat;
	struct watermarks watermarks;
	struct pressure pressure;
	int64_t page_kb;
};

// What lmkd remembers from one evaluation to the next. Starts as lmkd_state_init() leaves it.
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
// As if it had been running all the time: what reclaim and refaults have done so far is no news.
void lmkd_state_catch_up(struct lmkd_state *state, const struct lmkd_inputs *inputs);
struct lmkd_decision lmkd_decide(const struct lmkd_settings *settings, struct lmkd_state *state,
				 const struct lmkd_inputs *inputs);
// To be called when the decision's kill was made.
void lmkd_remember_kill(const struct lmkd_settings *settings, struct lmkd_state *state,
			const struct lmkd_decision *decision);
// The name of a reason, as AOSP's enum spells it.
const char *kill_reason_name(enum kill_reason reason);
