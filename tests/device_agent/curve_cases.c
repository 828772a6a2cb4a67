// Prints the figures of curves, one curve per line of standard input:
//   KILLED_NS TIMEOUT_NS CHARGED_AT_KILL_KB SIZE_KB COUNT, then COUNT times AT_NS CHARGED_KB
// Each output line: the times of 50, 90 and 99 %, the last samples before them, the median and the largest gap, in ns.
#include <stdio.h>
#include <stdlib.h>

#include "curve.h"

enum { SAMPLES_MAX = 4096 };

static struct sample items[SAMPLES_MAX];

static int64_t read_number(void)
{
	long long number;
	if (scanf("%lld", &number) != 1)
		exit(2);
	return number;
}

static void read_samples(struct samples *samples)
{
	samples->items = items;
	samples->count = (size_t)read_number();
	if (samples->count > SAMPLES_MAX)
		exit(2);
	for (size_t i = 0; i < samples->count; i++) {
		items[i].at_ns = read_number();
		items[i].charged_kb = read_number();
	}
}

int main(void)
{
	static struct curve curve;
	long long killed_ns;
	while (scanf("%lld", &killed_ns) == 1) {
		struct samples samples;
		int64_t timeout_ns = read_number(), charged_at_kill_kb = read_number(), size_kb = read_number();
		read_samples(&samples);
		curve_compute(&curve, &samples, killed_ns, timeout_ns, charged_at_kill_kb, size_kb);
		const int64_t figures[] = { curve.reclaim_50_ns,       curve.reclaim_90_ns,	  curve.reclaim_99_ns,
					    curve.reclaim_50_after_ns, curve.reclaim_90_after_ns, curve.reclaim_99_after_ns,
					    curve.gap_median_ns,       curve.gap_max_ns };
		for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
			printf("%lld ", (long long)figures[i]);
		putchar('\n');
	}
	return 0;
}
