// What a trial's samples say: when each share of the memory was back, and how well that was seen.
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
	int64_t gap_median_ns, gap_max_ns; // between samples, up to the last of these (else all after the kill)
	struct curve_point points[CURVE_POINTS]; // the course of the charge, thinned
	size_t point_count;
};

// Share of the victim that is back: (charged_at_kill - charged now) / size, since page tables and
// stacks are charged too but only the memory counts.
void curve_compute(struct curve *curve, const struct samples *samples, int64_t killed_ns, int64_t timeout_ns,
		   int64_t charged_at_kill_kb, int64_t size_kb);
