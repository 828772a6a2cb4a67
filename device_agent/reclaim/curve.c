// Reduces samples to the figures of a trial. Pure arithmetic, which runs after the measurement.
#include "curve.h"

#include "clock.h"
#include "share.h"
#include "sort.h"

// The first time since the kill at which `percent` of the victim was back; -1: never. after_ns is the last moment
// before it that was sampled, not before the kill.
static int64_t reclaimed_ns(const struct samples *samples, int64_t killed_ns, int64_t timeout_ns,
			    int64_t charged_at_kill_kb, int64_t size_kb, int64_t percent, int64_t *after_ns)
{
	*after_ns = 0;
	for (size_t i = 0; i < samples->count; i++) {
		const struct sample *sample = &samples->items[i];
		int64_t since_kill_ns = sample->at_ns - killed_ns;
		if (since_kill_ns > timeout_ns)
			return -1;
		if (since_kill_ns < 0)
			continue;
		if (reaches_share(charged_at_kill_kb - sample->charged_kb, size_kb, percent))
			return since_kill_ns;
		*after_ns = since_kill_ns;
	}
	return -1;
}

// The gaps between the samples from the last one before the kill to the first one at end_ns or later, sorted: a gap
// across the end may hide when the memory came back.
static size_t sorted_gaps(const struct samples *samples, int64_t killed_ns, int64_t end_ns, int64_t *gaps)
{
	size_t count = 0;
	for (size_t i = 1; i < samples->count; i++) {
		int64_t at_ns = samples->items[i].at_ns, before_ns = samples->items[i - 1].at_ns;
		if (at_ns >= killed_ns && before_ns < end_ns)
			gaps[count++] = at_ns - before_ns;
	}
	sort_numbers(gaps, count);
	return count;
}

static void compute_gaps(struct curve *curve, const struct samples *samples, int64_t killed_ns, int64_t end_ns)
{
	static int64_t gaps[SAMPLE_CAPACITY];
	size_t count = sorted_gaps(samples, killed_ns, end_ns, gaps);
	curve->gap_median_ns = count == 0 ? 0 : gaps[count / 2];
	curve->gap_max_ns = count == 0 ? 0 : gaps[count - 1];
}

static void add_point(struct curve *curve, const struct sample *sample, int64_t killed_ns)
{
	if (curve->point_count == CURVE_POINTS)
		return;
	curve->points[curve->point_count++] = (struct curve_point){
		.at_us = (sample->at_ns - killed_ns) / NS_PER_US,
		.charged_kb = sample->charged_kb,
	};
}

static int64_t distance(int64_t a, int64_t b)
{
	return a > b ? a - b : b - a;
}

// Keeps the points around every change by a 40th of the victim, so that steps remain steps.
static void thin(struct curve *curve, const struct samples *samples, int64_t killed_ns, int64_t size_kb)
{
	int64_t kept_kb = -1;
	size_t kept_index = 0;
	curve->point_count = 0;
	for (size_t i = 0; i < samples->count; i++) {
		const struct sample *sample = &samples->items[i];
		if (sample->at_ns < killed_ns)
			continue;
		bool last = i + 1 == samples->count;
		if (kept_kb >= 0 && !last && distance(sample->charged_kb, kept_kb) < size_kb / 40)
			continue;
		if (kept_kb >= 0 && kept_index + 1 < i)
			add_point(curve, &samples->items[i - 1], killed_ns);
		add_point(curve, sample, killed_ns);
		kept_kb = sample->charged_kb;
		kept_index = i;
	}
}

void curve_compute(struct curve *curve, const struct samples *samples, int64_t killed_ns, int64_t timeout_ns,
		   int64_t charged_at_kill_kb, int64_t size_kb)
{
	int64_t *const reclaimed[] = { &curve->reclaim_50_ns, &curve->reclaim_90_ns, &curve->reclaim_99_ns };
	int64_t *const after[] = { &curve->reclaim_50_after_ns, &curve->reclaim_90_after_ns,
				   &curve->reclaim_99_after_ns };
	static const int64_t PERCENT[] = { 50, 90, 99 };
	for (size_t i = 0; i < 3; i++)
		*reclaimed[i] = reclaimed_ns(samples, killed_ns, timeout_ns, charged_at_kill_kb, size_kb, PERCENT[i],
					     after[i]);
	int64_t measured_ns = curve->reclaim_99_ns >= 0 ? curve->reclaim_99_ns : timeout_ns;
	compute_gaps(curve, samples, killed_ns, killed_ns + measured_ns);
	thin(curve, samples, killed_ns, size_kb);
}
