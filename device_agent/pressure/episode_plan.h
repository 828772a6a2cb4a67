// Reads the plan of the host: one episode, in lines that end with "run".
#pragma once

#include "apps.h"
#include "arms/arm.h"
#include "demand.h"
#include "lines.h"
#include "lmkd/settings.h"
#include "noise.h"

struct episode_plan {
	int64_t id;
	const struct arm *arm;
	struct arm_options arm_options;
	struct demand_plan demand;
	struct noise_plan noise;
	int64_t limit_kb;   // of the cgroup that confines the episode; 0: the whole system is under pressure
	int64_t settle_ns;  // between the start of the apps and the demand
	int64_t timeout_ns; // of the demand
	struct lmkd_settings settings;
	struct app_plan apps[APPS_MAX];
	size_t app_count;
};

// Reads the plan. 0, or -1 with failed(), which names the wrong word.
int episode_plan_read(struct lines *lines, struct episode_plan *plan);
