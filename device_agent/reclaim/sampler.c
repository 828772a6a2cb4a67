// Samples the charge of the victim and checks for its exit, on one thread. It sleeps between samples, so it takes
// little CPU from the victim and the reapers. It allocates nothing.
#include "sampler.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "failure.h"
#include "share.h"
#include "stop.h"

static struct sample buffer[SAMPLE_CAPACITY];

void sampler_prepare(void)
{
	memset(buffer, 0xff, sizeof(buffer));
}

// Checks the exit before the charge, so that a charge after the exit belongs to the zombie.
static int take(const struct sampling *sampling, struct samples *samples)
{
	bool exited = samples->exit_seen_ns >= 0 || victim_has_exited(sampling->victim);
	struct sample *sample = &samples->items[samples->count];
	sample->at_ns = now_ns();
	sample->charged_kb = sampling->meter->charged_kb(sampling->victim);
	if (sample->charged_kb < 0)
		return failed("read the victim's charge");
	if (exited && samples->exit_seen_ns < 0) {
		samples->exit_seen_ns = sample->at_ns;
		samples->charged_at_exit_kb = sample->charged_kb;
	}
	samples->count++;
	return 0;
}

static int release_when_due(struct sampling *sampling, int64_t killed_ns, int64_t at_ns)
{
	if (sampling->released_ns >= 0 || killed_ns == 0 || at_ns < killed_ns + sampling->hold_ns)
		return 0;
	sampling->released_ns = now_ns();
	return sampling->release == NULL ? 0 : sampling->release();
}

static bool is_over(const struct sampling *sampling, const struct samples *samples, int64_t killed_ns)
{
	const struct sample *last = &samples->items[samples->count - 1];
	if (killed_ns == 0)
		return false;
	if (last->at_ns - killed_ns > sampling->timeout_ns)
		return true;
	int64_t back_kb = sampling->charged_at_kill_kb - last->charged_kb;
	return reaches_share(back_kb, sampling->returns_kb, sampling->meter->enough_pct) &&
	       samples->exit_seen_ns >= 0 && sampling->released_ns >= 0;
}

int sampler_run(struct sampling *sampling, struct samples *samples)
{
	*samples = (struct samples){ .items = buffer, .exit_seen_ns = -1 };
	sampling->released_ns = -1;
	while (samples->count < SAMPLE_CAPACITY) {
		if (stop_requested())
			return refused("stopped by a signal");
		if (take(sampling, samples) < 0)
			return -1;
		int64_t at_ns = samples->items[samples->count - 1].at_ns;
		int64_t killed_ns = *sampling->killed_ns;
		if (release_when_due(sampling, killed_ns, at_ns) < 0)
			return -1;
		if (is_over(sampling, samples, killed_ns))
			return 0;
		sleep_until(at_ns + sampling->meter->period_ns);
	}
	return refused("the sample buffer is full");
}
