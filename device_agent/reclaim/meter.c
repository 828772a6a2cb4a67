// The two meters. The system meter counts as held the free memory that is missing from the level before the victim.
#include "meter.h"

#include <string.h>

#include "clock.h"
#include "failure.h"
#include "free_memory.h"

static int64_t level_kb; // of free memory, before the victim

static int64_t charged_to_group_kb(const struct victim *victim)
{
	return group_charged_kb(&victim->group);
}

// The charge is 0, not negative, if other processes of the device freed memory.
static int64_t missing_kb(const struct victim *unused)
{
	(void)unused;
	int64_t free_kb = free_memory_kb();
	return free_kb < 0 ? -1 : free_kb < level_kb ? level_kb - free_kb : 0;
}

static int64_t watch_idle(int64_t hold_ns)
{
	int64_t least_kb = INT64_MAX, most_kb = 0;
	int64_t end_ns = now_ns() + hold_ns + 200 * NS_PER_MS; // as long as most trials
	for (int64_t at_ns; (at_ns = now_ns()) < end_ns; sleep_until(at_ns + NS_PER_MS)) {
		level_kb = free_memory_kb();
		if (level_kb < 0)
			return failed("read free memory");
		least_kb = level_kb < least_kb ? level_kb : least_kb;
		most_kb = level_kb > most_kb ? level_kb : most_kb;
	}
	return most_kb - least_kb;
}

static const struct meter METERS[] = {
	{ "cgroup", true, 50 * NS_PER_US, 99, NULL, charged_to_group_kb },
	// A phone needs about 100 us to print its zones. 90 % may be 95 % in fact; higher shares cannot be measured.
	{ "system", false, 500 * NS_PER_US, 95, watch_idle, missing_kb },
};

const struct meter *meter_find(const char *name)
{
	for (size_t i = 0; i < sizeof METERS / sizeof *METERS; i++)
		if (strcmp(METERS[i].name, name) == 0)
			return &METERS[i];
	return NULL;
}
