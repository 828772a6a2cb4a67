// The plan's language:
//   episode id=1 arm=reap-kill delay_us=0 demand=burst demand_kb=430080 rise_ms=0 hold_ms=1500 demand_compress_pct=50
//           readers=4 compaction_ms=0 limit_kb=0 settle_ms=500 timeout_ms=20000                   (on one line)
//   set name=kill_timeout_ms value=100                                     (any number, of lmkd's settings)
//   app adj=900 size_kb=51200 shape=private-anon dirty_pct=100 compress_pct=50 threads=8 touch_ms=0 frozen=0
//       stall=none stall_ms=0                                              (on one line; one for each app)
//   run
#include "episode_plan.h"

#include <errno.h>
#include <string.h>

#include "clock.h"
#include "failure.h"
#include "fields.h"

enum { MAX_KB = 8 * 1024 * 1024, MAX_MS = 35 * 1000, MAX_PAUSE_MS = 2000, MAX_THREADS = 256, MAX_READERS = 16 };

// As the lines have it; units and types of the plan follow from it.
struct episode_line {
	int64_t id, delay_us, demand_kb, rise_ms, hold_ms, demand_compress_pct, readers, compaction_ms, limit_kb,
		settle_ms, timeout_ms;
	const struct arm *arm;
	enum demand_shape demand;
};

struct app_line {
	int64_t adj, size_kb, dirty_pct, compress_pct, threads, touch_ms, frozen, stall_ms;
	const struct shape *shape;
	enum app_stall stall;
};

struct set_line {
	char name[40];
	int64_t value;
};

static int choose_arm(void *at, const char *text)
{
	const struct arm *arm = arm_find(text);
	*(const struct arm **)at = arm;
	return arm == NULL ? -1 : 0;
}

static int choose_shape(void *at, const char *text)
{
	const struct shape *shape = shape_find(text);
	*(const struct shape **)at = shape;
	return shape == NULL ? -1 : 0;
}

static int index_of(const char *text, const char *const *names, int count)
{
	for (int i = 0; i < count; i++)
		if (strcmp(text, names[i]) == 0)
			return i;
	return -1;
}

static int choose_demand(void *at, const char *text)
{
	static const char *const NAMES[] = { [DEMAND_BURST] = "burst", [DEMAND_RAMP] = "ramp", [DEMAND_SAW] = "saw" };
	int index = index_of(text, NAMES, 3);
	*(enum demand_shape *)at = (enum demand_shape)index;
	return index < 0 ? -1 : 0;
}

static int choose_stall(void *at, const char *text)
{
	static const char *const NAMES[] = { [APP_FREE] = "none", [APP_HELD] = "holder", [APP_STARVED] = "starved" };
	int index = index_of(text, NAMES, 3);
	*(enum app_stall *)at = (enum app_stall)index;
	return index < 0 ? -1 : 0;
}

static int choose_name(void *at, const char *text)
{
	size_t length = strlen(text);
	if (length >= sizeof(((struct set_line *)0)->name))
		return -1;
	memcpy(at, text, length + 1);
	return 0;
}

static const struct field EPISODE_FIELDS[] = {
	FIELD_NUMBER(struct episode_line, id, 0, INT64_MAX),
	FIELD_CHOICE(struct episode_line, arm, choose_arm),
	FIELD_NUMBER(struct episode_line, delay_us, 0, MAX_MS * 1000),
	FIELD_CHOICE(struct episode_line, demand, choose_demand),
	FIELD_NUMBER(struct episode_line, demand_kb, 1024, MAX_KB),
	FIELD_NUMBER(struct episode_line, rise_ms, 0, MAX_MS),
	FIELD_NUMBER(struct episode_line, hold_ms, 0, MAX_MS),
	FIELD_NUMBER(struct episode_line, demand_compress_pct, 0, 100),
	FIELD_NUMBER(struct episode_line, readers, 0, MAX_READERS),
	FIELD_NUMBER(struct episode_line, compaction_ms, 0, MAX_PAUSE_MS),
	FIELD_NUMBER(struct episode_line, limit_kb, 0, MAX_KB),
	FIELD_NUMBER(struct episode_line, settle_ms, 0, MAX_MS),
	FIELD_NUMBER(struct episode_line, timeout_ms, 1, MAX_MS),
};

static const struct field APP_FIELDS[] = {
	FIELD_NUMBER(struct app_line, adj, 0, 1000),
	FIELD_NUMBER(struct app_line, size_kb, 64, MAX_KB),
	FIELD_CHOICE(struct app_line, shape, choose_shape),
	FIELD_NUMBER(struct app_line, dirty_pct, 1, 100),
	FIELD_NUMBER(struct app_line, compress_pct, 0, 100),
	FIELD_NUMBER(struct app_line, threads, 1, MAX_THREADS),
	FIELD_NUMBER(struct app_line, touch_ms, 0, MAX_PAUSE_MS),
	FIELD_NUMBER(struct app_line, frozen, 0, 1),
	FIELD_CHOICE(struct app_line, stall, choose_stall),
	FIELD_NUMBER(struct app_line, stall_ms, 0, MAX_MS),
};

static const struct field SET_FIELDS[] = {
	FIELD_CHOICE(struct set_line, name, choose_name),
	FIELD_NUMBER(struct set_line, value, INT32_MIN, INT32_MAX),
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int parse_episode(struct episode_plan *plan, char *line)
{
	struct episode_line read = { 0 };
	if (fields_parse(line, EPISODE_FIELDS, COUNT(EPISODE_FIELDS), &read) < 0)
		return -1;
	plan->id = read.id;
	plan->arm = read.arm;
	plan->arm_options.delay_ns = read.delay_us * NS_PER_US;
	plan->demand = (struct demand_plan){ .shape = read.demand,
					     .size_kb = read.demand_kb,
					     .rise_ns = read.rise_ms * NS_PER_MS,
					     .hold_ns = read.hold_ms * NS_PER_MS,
					     .compress_pct = (int)read.demand_compress_pct };
	plan->noise = (struct noise_plan){ (int)read.readers, read.compaction_ms * NS_PER_MS };
	plan->limit_kb = read.limit_kb;
	plan->settle_ns = read.settle_ms * NS_PER_MS;
	plan->timeout_ns = read.timeout_ms * NS_PER_MS;
	return 0;
}

static int parse_app(struct episode_plan *plan, char *line)
{
	struct app_line read = { 0 };
	if (plan->app_count == APPS_MAX)
		return refused("the plan has more than %d apps", (int)APPS_MAX);
	if (fields_parse(line, APP_FIELDS, COUNT(APP_FIELDS), &read) < 0)
		return -1;
	plan->apps[plan->app_count++] = (struct app_plan){
		.memory = { read.shape, read.size_kb, (int)read.dirty_pct, (int)read.compress_pct },
		.threads = (int)read.threads,
		.adj = (int)read.adj,
		.touch_ns = read.touch_ms * NS_PER_MS,
		.frozen = read.frozen != 0,
		.stall = read.stall,
		.stall_ns = read.stall_ms * NS_PER_MS,
	};
	return 0;
}

static int parse_set(struct episode_plan *plan, char *line)
{
	struct set_line read = { 0 };
	if (fields_parse(line, SET_FIELDS, COUNT(SET_FIELDS), &read) < 0)
		return -1;
	return lmkd_set(&plan->settings, read.name, read.value);
}

static int parse_line(struct episode_plan *plan, char *line, bool *ends)
{
	char *rest = NULL;
	const char *what = strtok_r(line, " \n", &rest);
	*ends = what != NULL && strcmp(what, "run") == 0;
	if (what == NULL || *ends)
		return 0;
	if (strcmp(what, "episode") == 0)
		return parse_episode(plan, rest);
	if (strcmp(what, "app") == 0)
		return parse_app(plan, rest);
	if (strcmp(what, "set") == 0)
		return parse_set(plan, rest);
	return refused("a line of the plan begins with \"%.40s\"", what);
}

int episode_plan_read(struct lines *lines, struct episode_plan *plan)
{
	char *line;
	bool ends = false;
	*plan = (struct episode_plan){ .settings = LMKD_DEFAULTS };
	while (!ends) {
		int more = lines_next(lines, &line);
		if (more <= 0)
			return more < 0 ? failed("read the plan") : refused("the plan does not end with \"run\"");
		if (parse_line(plan, line, &ends) < 0)
			return -1;
	}
	return plan->arm == NULL ? refused("the plan lacks its \"episode\" line") : 0;
}
