// The table of settings: names, defaults, bounds.
#include "settings.h"

#include <stddef.h>
#include <string.h>

#include "failure.h"

enum { PERCEPTIBLE_APP_ADJ = 200, MAX_MS = 60 * 1000, MAX_PERCENT = 100, MAX_ADJ = 1001 };

const struct lmkd_settings LMKD_DEFAULTS = {
	.psi_partial_stall_ms = 70,
	.psi_complete_stall_ms = 700,
	.kill_timeout_ms = 100,
	.swap_free_low_percentage = 10,
	.swap_util_max = 100,
	.swap_compression_ratio = 1,
	.thrashing_limit = 100,
	.thrashing_limit_decay = 10,
	.thrashing_limit_critical = -1,
	.stall_limit_critical = 100,
	.lowmem_min_oom_score = 701,
};

#define SETTING(name, least, most) { #name, offsetof(struct lmkd_settings, name), least, most }

static const struct {
	const char *name;
	size_t offset;
	int64_t min, max;
} TABLE[] = {
	SETTING(psi_partial_stall_ms, 0, 1000),
	SETTING(psi_complete_stall_ms, 0, 1000),
	SETTING(kill_timeout_ms, 0, MAX_MS),
	SETTING(kill_heaviest_task, 0, 1),
	SETTING(swap_free_low_percentage, 0, MAX_PERCENT),
	SETTING(swap_util_max, 0, MAX_PERCENT),
	SETTING(swap_compression_ratio, 0, 100),
	SETTING(thrashing_limit, 0, 100000),
	SETTING(thrashing_limit_decay, 0, MAX_PERCENT),
	SETTING(thrashing_limit_critical, -1, 100000),
	SETTING(filecache_min_kb, 0, INT32_MAX),
	SETTING(stall_limit_critical, 0, INT32_MAX),
	SETTING(direct_reclaim_threshold_ms, 0, MAX_MS),
	SETTING(pressure_after_kill_min_score, 0, MAX_ADJ),
	SETTING(lowmem_min_oom_score, PERCEPTIBLE_APP_ADJ + 1, MAX_ADJ),
};

enum { SETTING_COUNT = sizeof(TABLE) / sizeof(TABLE[0]) };

int lmkd_set(struct lmkd_settings *settings, const char *name, int64_t value)
{
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		if (strcmp(TABLE[i].name, name) != 0)
			continue;
		if (value < TABLE[i].min || value > TABLE[i].max)
			return refused("lmkd's %s must be from %lld to %lld", name, (long long)TABLE[i].min,
				       (long long)TABLE[i].max);
		*(int64_t *)((char *)settings + TABLE[i].offset) = value;
		return 0;
	}
	return refused("lmkd has no setting called %.40s", name);
}

void lmkd_each_setting(const struct lmkd_settings *settings,
		       void (*visit)(const char *name, int64_t value, void *argument), void *argument)
{
	for (size_t i = 0; i < SETTING_COUNT; i++)
		visit(TABLE[i].name, *(const int64_t *)((const char *)settings + TABLE[i].offset), argument);
}
