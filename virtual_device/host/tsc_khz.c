// Prints the frequency of this host's time stamp counter in kHz.
//
// Under TCG the TSC of the guest is that of the host. By default the guest kernel calibrates it against the PIT, which
// fails on a busy host; its clock then moves in steps of 4 ms. So the host measures the frequency and passes it on.
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

enum { ROUNDS = 5, ROUND_NS = 20 * 1000 * 1000 };

static int64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC_RAW, &now); // cannot fail for this clock and a valid pointer
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

// Reads both clocks at one moment: the try with the shortest reading time of several.
static void read_both(int64_t *ns, uint64_t *ticks)
{
	int64_t shortest_ns = INT64_MAX;
	for (int i = 0; i < 100; i++) {
		int64_t before_ns = now_ns();
		uint64_t read = __rdtsc();
		int64_t took_ns = now_ns() - before_ns;
		if (took_ns < shortest_ns) {
			shortest_ns = took_ns;
			*ns = before_ns + took_ns / 2;
			*ticks = read;
		}
	}
}

int main(void)
{
	int64_t start_ns, end_ns;
	uint64_t start_ticks, end_ticks;
	const struct timespec round = { .tv_nsec = ROUND_NS };
	read_both(&start_ns, &start_ticks);
	for (int i = 0; i < ROUNDS; i++)
		nanosleep(&round, NULL); // a signal only shortens the span
	read_both(&end_ns, &end_ticks);
	double khz = (double)(end_ticks - start_ticks) * 1e6 / (double)(end_ns - start_ns);
	printf("%.0f\n", khz);
	return 0;
}
