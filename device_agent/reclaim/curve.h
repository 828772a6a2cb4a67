// The figures of a trial: when each share of the memory was back, and the resolution of the samples.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "sampler.h"

enum { CURVE_POINTS = 96 };

struct curve_point {
	int64_t at_us; // since the kill
	int64_t charged_kb;
};

struct curve {
	int64_t reclaim_50_ns, reclaim_90_ns, reclaim_99_ns; // since the kill; -1: not by the timeout
	// The last moment at which the share was known not to be back: the sample before it, or the kill. Without one
	// by the timeout, the last sample by then.
	int64_t reclaim_50_after_ns, reclaim_90_after_ns, reclaim_99_after_ns;
	// Between samples, up to the 99 % time; otherwise up to the first sample after the timeout.
	int64_t gap_median_ns, gap_max_ns;
	struct curve_point points[CURVE_POINTS]; // the charge over time, thinned
	size_t point_count;
};

// The share that is back is (charged_at_kill - current charge) / size: page tables and stacks are charged too, but
// only the memory counts.
void curve_compute(struct curve *curve, const struct samples *samples, int64_t killed_ns, int64_t timeout_ns,
		   int64_t charged_at_kill_kb, int64_t size_kb);
