// The language of the plan:
//   episode id=1 arm=reap-kill delay_us=0 demand=burst demand_kb=430080 rise_ms=0 hold_ms=1500 demand_compress_pct=50
//           readers=4 compaction_ms=0 limit_kb=0 settle_ms=500 timeout_ms=20000                   (on one line)
//   set name=kill_timeout_ms value=100                                     (any number of lines; lmkd's settings)
//   app adj=900 size_kb=51200 shape=private-anon dirty_pct=100 compress_pct=50 threads=8 touch_ms=0 frozen=0
//       stall=none stall_ms=0                                              (on one line; one line per app)
//   run
#include "episode_plan.h"

#include <errno.h>
#include <string.h>

#include "clock.h"
#include "failure.h"
#include "fields.h"

enum { MAX_KB = 8 * 1024 * 1024, MAX_MS = 35 * 1000, MAX_PAUSE_MS = 2000, MAX_THREADS = 256, MAX_READERS = 16 };

struct set_line {
	char name[40];
	int64_t value;
};

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
	int index = index_of(text, APP_STALL_NAMES, APP_STALLS);
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

#define NUMBER(name, member, least, most) FIELD_NUMBER(struct episode_plan, name, member, least, most)
#define MS(name, member, least, most) FIELD_SCALED(struct episode_plan, name, member, least, most, NS_PER_MS)
#define CHOICE(name, member, choose) FIELD_CHOICE(struct episode_plan, name, member, choose)

static const struct field EPISODE_FIELDS[] = {
	NUMBER(id, id, 0, INT64_MAX),
	CHOICE(arm, arm, arm_choose),
	FIELD_SCALED(struct episode_plan, delay_us, arm_options.delay_ns, 0, MAX_MS * 1000, NS_PER_US),
	CHOICE(demand, demand.shape, choose_demand),
	NUMBER(demand_kb, demand.size_kb, 1024, MAX_KB),
	MS(rise_ms, demand.rise_ns, 0, MAX_MS),
	MS(hold_ms, demand.hold_ns, 0, MAX_MS),
	NUMBER(demand_compress_pct, demand.compress_pct, 0, 100),
	NUMBER(readers, noise.readers, 0, MAX_READERS),
	MS(compaction_ms, noise.compaction_ns, 0, MAX_PAUSE_MS),
	NUMBER(limit_kb, limit_kb, 0, MAX_KB),
	MS(settle_ms, settle_ns, 0, MAX_MS),
	MS(timeout_ms, timeout_ns, 1, MAX_MS),
};

#define APP_NUMBER(name, member, least, most) FIELD_NUMBER(struct app_plan, name, member, least, most)
#define APP_MS(name, member, most) FIELD_SCALED(struct app_plan, name, member, 0, most, NS_PER_MS)

static const struct field APP_FIELDS[] = {
	APP_NUMBER(adj, adj, 0, 1000),
	APP_NUMBER(size_kb, memory.size_kb, 64, MAX_KB),
	FIELD_CHOICE(struct app_plan, shape, memory.shape, shape_choose),
	APP_NUMBER(dirty_pct, memory.dirty_pct, 1, 100),
	APP_NUMBER(compress_pct, memory.compress_pct, 0, 100),
	APP_NUMBER(threads, threads, 1, MAX_THREADS),
	APP_MS(touch_ms, touch_ns, MAX_PAUSE_MS),
	APP_NUMBER(frozen, frozen, 0, 1),
	FIELD_CHOICE(struct app_plan, stall, stall, choose_stall),
	APP_MS(stall_ms, stall_ns, MAX_MS),
};

static const struct field SET_FIELDS[] = {
	FIELD_CHOICE(struct set_line, name, name, choose_name),
	FIELD_NUMBER(struct set_line, value, value, INT32_MIN, INT32_MAX),
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int parse_episode(struct episode_plan *plan, char *line)
{
	return fields_parse(line, EPISODE_FIELDS, COUNT(EPISODE_FIELDS), plan);
}

static int parse_app(struct episode_plan *plan, char *line)
{
	if (plan->app_count == APPS_MAX)
		return refused("the plan has more than %d apps", (int)APPS_MAX);
	return fields_parse(line, APP_FIELDS, COUNT(APP_FIELDS), &plan->apps[plan->app_count++]);
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
	const char *kind = strtok_r(line, " \n", &rest);
	*ends = kind != NULL && strcmp(kind, "run") == 0;
	if (kind == NULL || *ends)
		return 0;
	if (strcmp(kind, "episode") == 0)
		return parse_episode(plan, rest);
	if (strcmp(kind, "app") == 0)
		return parse_app(plan, rest);
	if (strcmp(kind, "set") == 0)
		return parse_set(plan, rest);
	return refused("the plan has an unknown line \"%.40s\"", kind);
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
