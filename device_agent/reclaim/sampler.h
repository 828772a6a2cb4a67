// Samples the memory of a victim while it comes back: one reading of the meter per period.
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
	int64_t exit_seen_ns; // when the pidfd was first readable, or -1
	int64_t charged_at_exit_kb;
};

// The end of the sampling, and the release of the stall during it.
struct sampling {
	const struct victim *victim;
	const struct meter *meter;
	int64_t charged_at_kill_kb;       // stop once the meter's enough_pct of returns_kb are back since this charge
	int64_t returns_kb;               // and the victim has exited and been released,
	int64_t timeout_ns;               // or this long after the kill
	const _Atomic int64_t *killed_ns; // 0 until the kill
	int64_t hold_ns;                  // from the kill to release()
	int (*release)(void);
	int64_t released_ns;              // result: when release() was called, or -1
};

// Touches the sample buffer, so that sampling causes no page fault.
void sampler_prepare(void);
// Samples until that end. 0, or -1 with failed(), also on a signal to stop.
int sampler_run(struct sampling *sampling, struct samples *samples);
