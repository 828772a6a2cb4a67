// The plan's language:
//   trial id=7 arm=reap-kill delay_us=0 stall=holder hold_ms=300 victim_kb=65536 shape=private-anon
//         dirty_pct=100 compress_pct=0 threads=16 timeout_ms=5000 meter=cgroup  (on one line)
// Every number is bounded, so that no plan can take a device down.
#include "plan.h"

#include <errno.h>
#include <string.h>

#include "clock.h"
#include "failure.h"
#include "fields.h"

enum {
	MAX_VICTIM_KB = 4 * 1024 * 1024,
	MAX_THREADS = 1024,
	MAX_TIMEOUT_MS = 12000, // what the sample buffer holds
};

// As the line has it; units and types of the plan follow from it.
struct trial_line {
	int64_t id, delay_us, hold_ms, victim_kb, dirty_pct, compress_pct, threads, timeout_ms;
	const struct arm *arm;
	const struct stall *stall;
	const struct shape *shape;
	const struct meter *meter;
};

static int choose_arm(void *at, const char *text)
{
	const struct arm *arm = arm_find(text);
	*(const struct arm **)at = arm;
	return arm == NULL ? -1 : 0;
}

static int choose_stall(void *at, const char *text)
{
	const struct stall *stall = stall_find(text);
	*(const struct stall **)at = stall;
	return stall == NULL ? -1 : 0;
}

static int choose_shape(void *at, const char *text)
{
	const struct shape *shape = shape_find(text);
	*(const struct shape **)at = shape;
	return shape == NULL ? -1 : 0;
}

static int choose_meter(void *at, const char *text)
{
	const struct meter *meter = meter_find(text);
	*(const struct meter **)at = meter;
	return meter == NULL ? -1 : 0;
}

static const struct field FIELDS[] = {
	FIELD_NUMBER(struct trial_line, id, 0, INT64_MAX),
	FIELD_CHOICE(struct trial_line, arm, choose_arm),
	FIELD_NUMBER(struct trial_line, delay_us, 0, MAX_TIMEOUT_MS * 1000),
	FIELD_CHOICE(struct trial_line, stall, choose_stall),
	FIELD_NUMBER(struct trial_line, hold_ms, 0, MAX_TIMEOUT_MS),
	FIELD_NUMBER(struct trial_line, victim_kb, 64, MAX_VICTIM_KB),
	FIELD_CHOICE(struct trial_line, shape, choose_shape),
	FIELD_NUMBER(struct trial_line, dirty_pct, 1, 100),
	FIELD_NUMBER(struct trial_line, compress_pct, 0, 100),
	FIELD_NUMBER(struct trial_line, threads, 1, MAX_THREADS),
	FIELD_NUMBER(struct trial_line, timeout_ms, 1, MAX_TIMEOUT_MS),
	FIELD_CHOICE(struct trial_line, meter, choose_meter),
};

static void set_trial(struct planned_trial *trial, const struct trial_line *read)
{
	*trial = (struct planned_trial){
		.id = read->id,
		.arm = read->arm,
		.arm_options = { .delay_ns = read->delay_us * NS_PER_US },
		.stall = read->stall,
		.victim = {
			.memory = { read->shape, read->victim_kb, (int)read->dirty_pct, (int)read->compress_pct },
			.threads = (int)read->threads,
			.count_swap = read->stall->counts_swap || read->shape->in_swap,
			.join = read->stall->join,
			.ungrouped = !read->meter->in_group,
		},
		.meter = read->meter,
		.hold_ns = read->hold_ms * NS_PER_MS,
		.timeout_ns = read->timeout_ms * NS_PER_MS,
	};
}

static int parse_line(struct planned_trial *trial, char *line)
{
	struct trial_line read = { 0 };
	char *rest = NULL;
	const char *word = strtok_r(line, " \n", &rest);
	if (word == NULL || strcmp(word, "trial") != 0)
		return refused("a line of the plan does not begin with \"trial\"");
	if (fields_parse(rest, FIELDS, sizeof(FIELDS) / sizeof(FIELDS[0]), &read) < 0)
		return -1;
	set_trial(trial, &read);
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
