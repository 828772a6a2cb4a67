// The language of the plan:
//   trial id=7 arm=reap-kill delay_us=0 stall=holder hold_ms=300 victim_kb=65536 shape=private-anon
//         dirty_pct=100 compress_pct=0 threads=16 timeout_ms=5000 meter=cgroup  (on one line)
// Every number has bounds, so that no plan can take a device down.
#include "plan.h"

#include <errno.h>
#include <string.h>

#include "clock.h"
#include "failure.h"
#include "fields.h"

enum {
	MAX_VICTIM_KB = 4 * 1024 * 1024,
	MAX_THREADS = 1024,
	MAX_TIMEOUT_MS = 12000, // the capacity of the sample buffer
};

static int choose_meter(void *at, const char *text)
{
	const struct meter *meter = meter_find(text);
	*(const struct meter **)at = meter;
	return meter == NULL ? -1 : 0;
}

#define NUMBER(name, member, least, most) FIELD_NUMBER(struct planned_trial, name, member, least, most)
#define TIME(name, member, least, unit)                                                                          \
	FIELD_SCALED(struct planned_trial, name, member, least, MAX_TIMEOUT_MS *(NS_PER_MS / (unit)), unit)
#define MEMORY_NUMBER(name, least, most) NUMBER(name, victim.memory.name, least, most),
#define CHOICE(name, member, choose) FIELD_CHOICE(struct planned_trial, name, member, choose)

static const struct field FIELDS[] = {
	NUMBER(id, id, 0, INT64_MAX),
	CHOICE(arm, arm, arm_choose),
	TIME(delay_us, arm_options.delay_ns, 0, NS_PER_US),
	CHOICE(stall, stall, stall_choose),
	TIME(hold_ms, hold_ns, 0, NS_PER_MS),
	NUMBER(victim_kb, victim.memory.size_kb, 64, MAX_VICTIM_KB),
	CHOICE(shape, victim.memory.shape, shape_choose),
	MEMORY_NUMBERS(MEMORY_NUMBER)
	NUMBER(threads, victim.threads, 1, MAX_THREADS),
	TIME(timeout_ms, timeout_ns, 1, NS_PER_MS),
	CHOICE(meter, meter, choose_meter),
};

static int parse_line(struct planned_trial *trial, char *line)
{
	char *rest = NULL;
	const char *word = strtok_r(line, " \n", &rest);
	if (word == NULL || strcmp(word, "trial") != 0)
		return refused("a line of the plan does not begin with \"trial\"");
	*trial = (struct planned_trial){ .id = 0 };
	if (fields_parse(rest, FIELDS, sizeof(FIELDS) / sizeof(FIELDS[0]), trial) < 0)
		return -1;
	trial->victim.count_swap = trial->stall->counts_swap || trial->victim.memory.shape->in_swap;
	trial->victim.join = trial->stall->join;
	trial->victim.ungrouped = !trial->meter->in_group;
	return 0;
}

int plan_next(struct lines *plan, struct planned_trial *trial)
{
	char *line;
	int more = lines_next(plan, &line);
	if (more < 0 && (errno == ENOBUFS || errno == ENODATA))
		return refused("a line of the plan is longer than %d characters or lacks its end", LINES_BUFFER);
	if (more <= 0)
		return more < 0 ? failed("read the plan") : 0;
	return parse_line(trial, line) < 0 ? -1 : 1;
}
