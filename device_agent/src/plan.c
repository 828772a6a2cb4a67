// Parses plan lines such as
//   trial id=7 arm=reap-kill delay_us=0 stall=holder hold_ms=300 victim_kb=65536 shape=private-anon
//         dirty_pct=100 compress_pct=0 threads=16 timeout_ms=5000            (on one line)
// Every key must be there once; every number is bounded, so that no plan can take a device down.
#include "plan.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "failure.h"

enum {
	MAX_VICTIM_KB = 4 * 1024 * 1024,
	MAX_THREADS = 1024,
	MAX_TIMEOUT_MS = 12000, // what the sample buffer holds
};

enum key {
	ID,
	ARM,
	DELAY_US,
	STALL,
	HOLD_MS,
	VICTIM_KB,
	SHAPE,
	DIRTY_PCT,
	COMPRESS_PCT,
	THREADS,
	TIMEOUT_MS,
	KEY_COUNT
};

static const struct {
	const char *name;
	int64_t min, max; // of numbers
} KEYS[KEY_COUNT] = {
	[ID] = { "id", 0, INT64_MAX },
	[ARM] = { "arm", 0, 0 },
	[DELAY_US] = { "delay_us", 0, MAX_TIMEOUT_MS * 1000 },
	[STALL] = { "stall", 0, 0 },
	[HOLD_MS] = { "hold_ms", 0, MAX_TIMEOUT_MS },
	[VICTIM_KB] = { "victim_kb", 64, MAX_VICTIM_KB },
	[SHAPE] = { "shape", 0, 0 },
	[DIRTY_PCT] = { "dirty_pct", 1, 100 },
	[COMPRESS_PCT] = { "compress_pct", 0, 100 },
	[THREADS] = { "threads", 1, MAX_THREADS },
	[TIMEOUT_MS] = { "timeout_ms", 1, MAX_TIMEOUT_MS },
};

static int key_of(const char *word, const char **value)
{
	const char *equals = strchr(word, '=');
	if (equals == NULL)
		return -1;
	size_t length = (size_t)(equals - word);
	*value = equals + 1;
	for (int key = 0; key < KEY_COUNT; key++)
		if (strlen(KEYS[key].name) == length && strncmp(KEYS[key].name, word, length) == 0)
			return key;
	return -1;
}

static int parse_number(enum key key, const char *value, int64_t *number)
{
	char *end;
	errno = 0;
	*number = strtoll(value, &end, 10);
	if (errno != 0 || end == value || *end != '\0' || *number < KEYS[key].min || *number > KEYS[key].max)
		return refused("%s=%.40s is not a number from %lld to %lld", KEYS[key].name, value,
			       (long long)KEYS[key].min, (long long)KEYS[key].max);
	return 0;
}

static int set_number(struct planned_trial *trial, enum key key, const char *value)
{
	int64_t number;
	if (parse_number(key, value, &number) < 0)
		return -1;
	switch (key) {
	case ID: trial->id = number; break;
	case DELAY_US: trial->arm_options.delay_ns = number * NS_PER_US; break;
	case HOLD_MS: trial->hold_ns = number * NS_PER_MS; break;
	case VICTIM_KB: trial->victim.memory.size_kb = number; break;
	case DIRTY_PCT: trial->victim.memory.dirty_pct = (int)number; break;
	case COMPRESS_PCT: trial->victim.memory.compress_pct = (int)number; break;
	case THREADS: trial->victim.threads = (int)number; break;
	case TIMEOUT_MS: trial->timeout_ns = number * NS_PER_MS; break;
	default: break;
	}
	return 0;
}

static int set_value(struct planned_trial *trial, enum key key, const char *value)
{
	bool known = true;
	switch (key) {
	case ARM: known = (trial->arm = arm_find(value)) != NULL; break;
	case STALL: known = (trial->stall = stall_find(value)) != NULL; break;
	case SHAPE: known = (trial->victim.memory.shape = shape_find(value)) != NULL; break;
	default: return set_number(trial, key, value);
	}
	return known ? 0 : refused("this agent knows no %s called %.40s", KEYS[key].name, value);
}

static int parse_word(struct planned_trial *trial, const char *word, bool seen[KEY_COUNT])
{
	const char *value;
	int key = key_of(word, &value);
	if (key < 0)
		return refused("the plan says \"%.40s\", which means nothing", word);
	if (seen[key])
		return refused("the plan says %s twice", KEYS[key].name);
	seen[key] = true;
	return set_value(trial, (enum key)key, value);
}

static int check_complete(const bool seen[KEY_COUNT])
{
	for (int key = 0; key < KEY_COUNT; key++)
		if (!seen[key])
			return refused("the plan lacks %s=", KEYS[key].name);
	return 0;
}

static int parse_line(struct planned_trial *trial, char *line)
{
	bool seen[KEY_COUNT] = { false };
	char *rest = NULL;
	const char *word = strtok_r(line, " \n", &rest);
	if (word == NULL || strcmp(word, "trial") != 0)
		return refused("a line of the plan does not begin with \"trial\"");
	while ((word = strtok_r(NULL, " \n", &rest)) != NULL)
		if (parse_word(trial, word, seen) < 0)
			return -1;
	return check_complete(seen);
}

int plan_next(struct lines *plan, struct planned_trial *trial)
{
	char *line;
	int more = lines_next(plan, &line);
	if (more < 0 && (errno == ENOBUFS || errno == ENODATA))
		return refused("a line of the plan is longer than %d characters or lacks its end", LINES_BUFFER);
	if (more <= 0)
		return more < 0 ? failed("read the plan") : 0;
	*trial = (struct planned_trial){ 0 };
	if (parse_line(trial, line) < 0)
		return -1;
	trial->victim.count_swap = trial->stall->counts_swap || trial->victim.memory.shape->in_swap;
	trial->victim.join = trial->stall->join;
	return 1;
}
