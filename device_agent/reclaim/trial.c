// Runs one trial. A reaper thread runs the arm, as in lmkd; the main thread samples the charge of the victim.
#include "trial.h"

#include <errno.h>

#include "clock.h"
#include "failure.h"
#include "reaping.h"
#include "sampler.h"
#include "share.h"
#include "teardown.h"

// lmkd's default for ro.lmk.kill_timeout_ms, its wait for a victim before it kills again.
static const int64_t LMKD_KILL_TIMEOUT_NS = 100 * NS_PER_MS;

static int64_t since(int64_t moment_ns, int64_t killed_ns)
{
	return moment_ns < 0 ? -1 : moment_ns - killed_ns;
}

// Z: the pidfd of the victim is readable, so lmkd treats it as gone, while its memory is still charged.
// D: lmkd's wait timed out while the victim was exiting and its memory was charged, as a sample after it shows.
static const char *classify(const struct trial_result *result, const struct samples *samples)
{
	int64_t back_kb = result->charged_at_kill_kb - samples->charged_at_exit_kb;
	if (samples->exit_seen_ns >= 0 && result->exit_ns <= LMKD_KILL_TIMEOUT_NS)
		return reaches_share(back_kb, result->returns_kb, 90) ? "none" : "Z";
	return result->curve.reclaim_90_after_ns >= LMKD_KILL_TIMEOUT_NS ? "D" : "none";
}

// A reading between two calls would delay the second call, so this searches the samples afterwards.
static int64_t charged_from(const struct samples *samples, int64_t moment_ns)
{
	for (size_t i = 0; i < samples->count; i++)
		if (samples->items[i].at_ns >= moment_ns)
			return samples->items[i].charged_kb;
	return -1;
}

static void note_charges(struct trial_result *result, const struct reaping *reaping, const struct samples *samples)
{
	for (size_t i = 0; i < result->outcome.call_count; i++) {
		const struct call *call = &result->outcome.calls[i];
		bool last = i + 1 == result->outcome.call_count;
		result->charged_after_kb[i] = last && reaping->charged_at_return_kb >= 0 ?
						      reaping->charged_at_return_kb :
						      charged_from(samples, call->start_ns + call->took_ns);
	}
}

static void summarise(const struct planned_trial *planned, const struct reaping *reaping,
		      const struct samples *samples, const struct sampling *sampling, struct trial_result *result)
{
	int64_t killed_ns = reaping->outcome.killed_ns;
	result->outcome = reaping->outcome;
	note_charges(result, reaping, samples);
	result->sample_count = samples->count;
	result->exit_ns = since(samples->exit_seen_ns, killed_ns);
	result->released_ns = planned->hold_ns == 0 ? -1 : since(sampling->released_ns, killed_ns);
	curve_compute(&result->curve, samples, killed_ns, planned->timeout_ns, result->charged_at_kill_kb,
		      result->returns_kb);
	result->stall_class = classify(result, samples);
}

// The time of the release. Releases now if the sampling ended earlier.
static int64_t released_at(const struct planned_trial *planned, const struct sampling *sampling)
{
	if (sampling->released_ns >= 0)
		return sampling->released_ns;
	int64_t at_ns = now_ns();
	if (planned->stall->release != NULL)
		planned->stall->release();
	return at_ns;
}

static int sample_kill(const struct planned_trial *planned, struct reaping *reaping, struct trial_result *result,
		       int64_t *released_ns)
{
	struct samples samples;
	struct sampling sampling = {
		.victim = reaping->victim,
		.meter = planned->meter,
		.charged_at_kill_kb = result->charged_at_kill_kb,
		.returns_kb = result->returns_kb,
		.timeout_ns = planned->timeout_ns,
		.killed_ns = &reaping->outcome.killed_ns,
		.hold_ns = planned->hold_ns,
		.release = planned->stall->release,
	};
	reaping_go();
	int sampled = sampler_run(&sampling, &samples);
	*released_ns = released_at(planned, &sampling);
	reaping_await();
	if (reaping->outcome.kill_errno != 0) {
		errno = reaping->outcome.kill_errno;
		return failed("send SIGKILL to the victim");
	}
	if (sampled == 0)
		summarise(planned, reaping, &samples, &sampling, result);
	return sampled;
}

static int kill_held(const struct planned_trial *planned, const struct victim *victim, struct trial_result *result,
		     int64_t *released_ns)
{
	struct reaping reaping = { .arm = planned->arm, .options = planned->arm_options, .victim = victim };
	if (reaping_prepare(&reaping) < 0) {
		if (planned->stall->release != NULL)
			planned->stall->release();
		return -1;
	}
	teardown_forget();
	result->charged_at_kill_kb = planned->meter->charged_kb(victim);
	return sample_kill(planned, &reaping, result, released_ns);
}

static int end_stall(const struct planned_trial *planned, int64_t released_ns, struct trial_result *result)
{
	const struct stall *stall = planned->stall;
	int ended = stall->end == NULL ? 0 : stall->end();
	result->stall_late_ns = -1;
	if (stall->returned_ns != NULL && released_ns >= 0 && stall->returned_ns() > released_ns)
		result->stall_late_ns = stall->returned_ns() - released_ns;
	result->torn_down_by = teardown_by();
	return ended;
}

static int measure(const struct planned_trial *planned, int number, struct trial_result *result)
{
	struct victim victim;
	int64_t released_ns = -1;
	if (victim_start(&victim, &planned->victim, number) < 0)
		return -1;
	int measured = planned->stall->hold(&victim);
	if (measured == 0)
		measured = kill_held(planned, &victim, result, &released_ns);
	int reaped = victim_reap(&victim);
	int ended = end_stall(planned, released_ns, result);
	int removed = victim_end(&victim);
	return measured < 0 || reaped < 0 || ended < 0 || removed < 0 ? -1 : 0;
}

int trial_run(const struct planned_trial *planned, struct trial_result *result)
{
	static int trials;
	conditions_read(&result->before);
	failure_clear();
	result->meter = planned->meter;
	result->noise_kb = -1;
	if (planned->meter->begin != NULL && (result->noise_kb = planned->meter->begin(planned->hold_ns)) < 0)
		return -1;
	result->returns_kb = shape_returns_kb(&planned->victim.memory);
	if (planned->stall->begin != NULL && planned->stall->begin() < 0)
		return -1;
	if (measure(planned, trials++, result) == 0) {
		conditions_read(&result->after);
		return 0;
	}
	if (planned->stall->end != NULL)
		planned->stall->end();
	return -1;
}
