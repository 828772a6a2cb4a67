// The curve of a victim's memory coming back: samples of what a meter says is held, one a period.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "meter.h"
#include "victim.h"

enum { SAMPLE_CAPACITY = 128 * 1024 };

struct sample {
	int64_t at_ns; // CLOCK_MONOTONIC
	int64_t charged_kb;
};

struct samples {
	struct sample *items; // in time order
	size_t count;
	int64_t exit_seen_ns; // when the pidfd was first seen readable, or -1
	int64_t charged_at_exit_kb;
};

// What ends the sampling, and what else happens while it goes on.
struct sampling {
	const struct victim *victim;
	const struct meter *meter;
	int64_t charged_at_kill_kb;       // stop once the meter's enough_pct of returns_kb are back since this charge
	int64_t returns_kb;               // and the victim has exited and been released,
	int64_t timeout_ns;               // or this long after the kill
	const _Atomic int64_t *killed_ns; // 0 until the kill
	int64_t hold_ns;                  // release() is due this long after the kill
	int (*release)(void);
	int64_t released_ns;              // out: when release() was called, or -1
};

// Touches the sample buffer, so that sampling never faults.
void sampler_prepare(void);
// Samples until sampling says so. 0, or -1 with failed(); also when the agent is told to stop.
int sampler_run(struct sampling *sampling, struct samples *samples);
