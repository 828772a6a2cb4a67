// lmkd's settings, named as AOSP names its properties (ro.lmk.NAME, persist.device_config.lmkd_native.NAME;
// AOSP system/memory/lmkd lmkd.cpp, update_props).
#pragma once

#include <stdint.h>

struct lmkd_settings {
	int64_t psi_partial_stall_ms;
	int64_t psi_complete_stall_ms;
	int64_t kill_timeout_ms;
	int64_t kill_heaviest_task; // 0 or 1
	int64_t swap_free_low_percentage;
	int64_t swap_util_max;
	int64_t swap_compression_ratio;
	int64_t thrashing_limit;
	int64_t thrashing_limit_decay;
	int64_t thrashing_limit_critical; // below 0: three times thrashing_limit
	int64_t filecache_min_kb;
	int64_t stall_limit_critical;
	int64_t direct_reclaim_threshold_ms; // 0: off
	int64_t pressure_after_kill_min_score;
	int64_t lowmem_min_oom_score;
};

// AOSP's defaults for a device with ro.config.low_ram false.
extern const struct lmkd_settings LMKD_DEFAULTS;

// Sets a setting by name, within AOSP's bounds. 0, or -1 with failed(): no such setting, or out of bounds.
int lmkd_set(struct lmkd_settings *settings, const char *name, int64_t value);
// Calls visit(name, value, argument) for each setting, in order.
void lmkd_each_setting(const struct lmkd_settings *settings,
		       void (*visit)(const char *name, int64_t value, void *argument), void *argument);
