// Samples free memory into its own buffer; it allocates nothing and prints nothing meanwhile.
#include "watch.h"

#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "failure.h"
#include "fields.h"
#include "free_memory.h"
#include "stop.h"
#include "wire.h"

// A phone needs about 100 us to print its zones: the sampling takes a fifth of one CPU.
#define PERIOD_NS (500 * NS_PER_US)

enum { LIMIT_MS = 30 * 1000, CAPACITY = LIMIT_MS * 2 + 1, SAMPLES_A_LINE = 512 };

static struct sample {
	int64_t at_ns, free_kb;
} samples[CAPACITY];
static size_t count;

int watch_plan_parse(char *words, struct watch_plan *plan)
{
	static const struct field FIELDS[] = {
		FIELD_SCALED(struct watch_plan, idle_ms, idle_ns, 0, LIMIT_MS, NS_PER_MS),
		FIELD_SCALED(struct watch_plan, limit_ms, limit_ns, 1, LIMIT_MS, NS_PER_MS),
	};
	return fields_parse(words, FIELDS, sizeof(FIELDS) / sizeof(FIELDS[0]), plan);
}

// Takes the time before the reading: the memory was free at that time or a moment later, never long before.
static int sample_until(int64_t end_ns)
{
	int64_t at_ns;
	while (!stop_requested() && count < CAPACITY && (at_ns = now_ns()) < end_ns) {
		samples[count] = (struct sample){ at_ns, free_memory_kb() };
		if (samples[count].free_kb < 0)
			return failed("read /proc/zoneinfo");
		count++;
		sleep_until(at_ns + PERIOD_NS);
	}
	return 0;
}

static int answer_watching(int64_t step_ns)
{
	wire_begin("watching");
	wire_number("pid", getpid());
	wire_number("clock_resolution_ns", step_ns);
	return wire_end();
}

static int answer_samples(size_t from, size_t until)
{
	wire_begin("samples");
	wire_open("points", '[');
	for (size_t i = from; i < until; i++) {
		wire_open(NULL, '[');
		wire_item(samples[i].at_ns);
		wire_item(samples[i].free_kb);
		wire_close(']');
	}
	wire_close(']');
	return wire_end();
}

static int answer_all(void)
{
	for (size_t from = 0; from < count; from += SAMPLES_A_LINE)
		if (answer_samples(from, from + SAMPLES_A_LINE < count ? from + SAMPLES_A_LINE : count) < 0)
			return -1;
	wire_begin("watched");
	wire_number("samples", (int64_t)count);
	return wire_end();
}

// Avoids page faults of its own during the samples. Steps without the privilege are skipped.
static void settle_down(void)
{
	memset(samples, 0xff, sizeof(samples));
	mlockall(MCL_CURRENT | MCL_ONFAULT);
	prctl(PR_SET_TIMERSLACK, 1UL);
}

int watch_carry_out(const struct watch_plan *plan)
{
	int64_t step_ns = clock_step_ns();
	settle_down();
	int64_t begun_ns = now_ns();
	if (sample_until(begun_ns + plan->idle_ns) < 0 || answer_watching(step_ns) < 0)
		return -1;
	if (sample_until(begun_ns + plan->limit_ns) < 0)
		return -1;
	return answer_all();
}
