// Runs one trial. Two threads measure: the reaper carries out the arm, as lmkd's reaper thread would;
// the main thread samples the victim's charge.
#include "trial.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/resource.h>

#include "clock.h"
#include "failure.h"
#include "sampler.h"

// AOSP system/memory/lmkd reaper.cpp: the reaper threads run at ANDROID_PRIORITY_HIGHEST.
enum { REAPER_NICE = -20 };

// lmkd's default for ro.lmk.kill_timeout_ms: how long it waits for a victim before it kills again.
static const int64_t LMKD_KILL_TIMEOUT_NS = 100 * NS_PER_MS;

struct reaper {
	const struct arm *arm;
	const struct victim *victim;
	sem_t go;
	struct kill_outcome outcome;
	int64_t charged_at_return_kb;
};

static void *reap(void *argument)
{
	struct reaper *reaper = argument;
	setpriority(PRIO_PROCESS, 0, REAPER_NICE); // needs CAP_SYS_NICE; without it the reaper is ordinary
	while (sem_wait(&reaper->go) < 0 && errno == EINTR)
		;
	reaper->arm->kill(reaper->victim, &reaper->outcome);
	reaper->charged_at_return_kb = group_charged_kb(&reaper->victim->group);
	return NULL;
}

static int64_t since(int64_t moment_ns, int64_t killed_ns)
{
	return moment_ns < 0 ? -1 : moment_ns - killed_ns;
}

// Z: the victim's pidfd is readable, so lmkd believes it gone, while its memory is still charged.
// D: lmkd's wait ran out with the victim still exiting and its memory still charged.
static const char *classify(const struct trial_result *result, const struct samples *samples, int64_t back_kb)
{
	if (samples->exit_seen_ns >= 0 && result->exit_ns <= LMKD_KILL_TIMEOUT_NS)
		return samples->charged_at_exit_kb > back_kb ? "Z" : "none";
	if (result->curve.reclaim_90_ns < 0 || result->curve.reclaim_90_ns > LMKD_KILL_TIMEOUT_NS)
		return "D";
	return "none";
}

static void summarise(const struct planned_trial *planned, const struct reaper *reaper,
		      const struct samples *samples, const struct sampling *sampling, struct trial_result *result)
{
	int64_t killed_ns = reaper->outcome.killed_ns;
	int64_t size_kb = planned->shape.size_kb;
	result->outcome = reaper->outcome;
	result->charged_at_return_kb = reaper->charged_at_return_kb;
	result->sample_count = samples->count;
	result->exit_ns = since(samples->exit_seen_ns, killed_ns);
	result->released_ns = planned->hold_ns == 0 ? -1 : since(sampling->released_ns, killed_ns);
	curve_compute(&result->curve, samples, killed_ns, planned->timeout_ns, result->charged_at_kill_kb, size_kb);
	result->stall_class = classify(result, samples, result->charged_at_kill_kb - size_kb * 90 / 100);
}

static int sample_kill(const struct planned_trial *planned, struct reaper *reaper, struct trial_result *result)
{
	struct samples samples;
	struct sampling sampling = {
		.victim = reaper->victim,
		.target_kb = result->charged_at_kill_kb - (planned->shape.size_kb * 99 + 99) / 100,
		.timeout_ns = planned->timeout_ns,
		.killed_ns = &reaper->outcome.killed_ns,
		.hold_ns = planned->hold_ns,
		.release = planned->stall->release,
	};
	pthread_t thread;
	errno = pthread_create(&thread, NULL, reap, reaper);
	if (errno != 0)
		return failed("start the reaper thread");
	sem_post(&reaper->go);
	int sampled = sampler_run(&sampling, &samples);
	if (sampling.released_ns < 0)
		planned->stall->release();
	pthread_join(thread, NULL);
	if (reaper->outcome.kill_errno != 0) {
		errno = reaper->outcome.kill_errno;
		return failed("send SIGKILL to the victim");
	}
	if (sampled == 0)
		summarise(planned, reaper, &samples, &sampling, result);
	return sampled;
}

static int measure(const struct planned_trial *planned, const struct victim *victim, struct trial_result *result)
{
	struct reaper reaper = {
		.arm = planned->arm,
		.victim = victim,
		.outcome = { .mrelease_start_ns = NOT_CALLED },
	};
	if (planned->stall->hold(victim) < 0)
		return -1;
	sem_init(&reaper.go, 0, 0);
	result->charged_at_kill_kb = group_charged_kb(&victim->group);
	int measured = sample_kill(planned, &reaper, result);
	sem_destroy(&reaper.go);
	int ended = planned->stall->end();
	return measured < 0 ? measured : ended;
}

int trial_run(const struct planned_trial *planned, struct trial_result *result)
{
	static int trials;
	struct victim victim;
	failure_clear();
	if (victim_start(&victim, &planned->shape, trials++) < 0)
		return -1;
	int measured = measure(planned, &victim, result);
	int ended = victim_end(&victim);
	return measured < 0 ? measured : ended;
}
