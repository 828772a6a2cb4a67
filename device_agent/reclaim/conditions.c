// Reads the state of the device from sysfs and /proc. Missing and invalid values are reported as unknown.
#include "conditions.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "free_memory.h"
#include "lines.h"
#include "text.h"
#include "text_file.h"
#include "wire.h"

#define THERMAL "/sys/class/thermal/"
#define CPUS "/sys/devices/system/cpu/"
#define POWER "/sys/class/power_supply/"

enum { MAX_MISSING = 4 };

// Combines the values of several files. `so_far` is -1 before the first.
typedef int64_t fold_fn(int64_t so_far, const char *text);

// -1 if the text is not a number from 0 up.
static int64_t number_of(const char *text)
{
	char *end;
	errno = 0;
	long long number = strtoll(text, &end, 10);
	return errno != 0 || end == text || *end != '\0' || number < 0 ? -1 : number;
}

static int64_t largest(int64_t so_far, const char *text)
{
	int64_t number = number_of(text);
	return number > so_far ? number : so_far;
}

static int64_t sum(int64_t so_far, const char *text)
{
	int64_t number = number_of(text);
	if (number < 0)
		return so_far;
	return so_far < 0 ? number : so_far + number;
}

// Folds the values of the files `before`N`after`, N from 0 up. Numbers may be missing, but not MAX_MISSING in a row.
static int64_t folded(const char *before, const char *after, fold_fn *fold)
{
	int64_t so_far = -1;
	for (int number = 0, missing = 0; missing < MAX_MISSING; number++) {
		char path[80], text[32];
		text_format(path, sizeof path, "%s%d%s", before, number, after);
		bool readable = read_text(path, text, sizeof text) == 0;
		missing = readable ? 0 : missing + 1;
		so_far = readable ? fold(so_far, text) : so_far;
	}
	return so_far;
}

// The name is "battery" on Android and "BAT0" on laptops, for trials on the local machine.
static void battery_read(struct conditions *conditions)
{
	static const char *const PATHS[][2] = {
		{ POWER "battery/capacity", POWER "battery/status" },
		{ POWER "BAT0/capacity", POWER "BAT0/status" },
	};
	conditions->battery_pct = conditions->discharging = -1;
	for (size_t i = 0; i < sizeof PATHS / sizeof *PATHS && conditions->battery_pct < 0; i++) {
		char text[32];
		if (read_text(PATHS[i][0], text, sizeof text) == 0)
			conditions->battery_pct = number_of(text);
		if (read_text(PATHS[i][1], text, sizeof text) == 0)
			conditions->discharging = strcmp(text, "Discharging") == 0;
	}
}

static int64_t oom_kills(void)
{
	static const char KEY[] = "oom_kill ";
	struct lines lines;
	char *line;
	int64_t kills = -1;
	if (lines_open(&lines, "/proc/vmstat") < 0)
		return kills;
	while (kills < 0 && lines_next(&lines, &line) > 0)
		if (strncmp(line, KEY, sizeof KEY - 1) == 0)
			kills = number_of(line + sizeof KEY - 1);
	lines_close(&lines);
	return kills;
}

void conditions_read(struct conditions *conditions)
{
	conditions->hottest_mc = folded(THERMAL "thermal_zone", "/temp", largest);
	conditions->cooling = folded(THERMAL "cooling_device", "/cur_state", largest);
	conditions->cpu_limit_khz = folded(CPUS "cpu", "/cpufreq/scaling_max_freq", sum);
	conditions->oom_kills = oom_kills();
	conditions->free_kb = free_memory_kb();
	battery_read(conditions);
}

void conditions_wire(const char *key, const struct conditions *conditions)
{
	wire_open(key, '{');
	wire_number_or_null("hottest_mc", conditions->hottest_mc);
	wire_number_or_null("cooling", conditions->cooling);
	wire_number_or_null("cpu_limit_khz", conditions->cpu_limit_khz);
	wire_number_or_null("battery_pct", conditions->battery_pct);
	wire_number_or_null("discharging", conditions->discharging);
	wire_number_or_null("oom_kills", conditions->oom_kills);
	wire_number_or_null("free_kb", conditions->free_kb);
	wire_close('}');
}
