// lmkd-meters: reads both meters in the same trial, the cgroup of the victim and the free memory of the device, and
// reports the difference between them. For bench/meters.py; it is not part of the product.
//   lmkd-meters idle MS                                    the movement of free memory while idle
//   lmkd-meters trial ARM STALL VICTIM_KB HOLD_MS METER    METER: cgroup, both or system
#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include <pthread.h>

#include "arms/arm.h"
#include "clock.h"
#include "failure.h"
#include "free_memory.h"
#include "group.h"
#include "shapes/shape.h"
#include "share.h"
#include "sort.h"
#include "stall.h"
#include "sys.h"
#include "wire.h"

enum { CAPACITY = 64 * 1024, PRIORITY = 10 };
static const int64_t PERIOD_NS = 50 * NS_PER_US;
static const int64_t TIMEOUT_NS = 3 * NS_PER_S;
static const int64_t AFTERWARDS_NS = 1500 * NS_PER_MS; // longer than vm.stat_interval

struct sample {
	int64_t charged_at_ns, charged_kb, free_at_ns, free_kb, free_read_ns;
};

static struct sample samples[CAPACITY];
static size_t count;

static struct {
	const struct arm *arm;
	struct victim victim;
	struct kill_outcome outcome;
} job;

static void settle(void)
{
	memset(samples, 0xff, sizeof samples);
	mlockall(MCL_CURRENT | MCL_ONFAULT);
	prctl(PR_SET_TIMERSLACK, 1UL);
	sys_sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, PRIORITY);
}

static int answer_idle(int64_t window_ns)
{
	static int64_t costs[CAPACITY];
	int64_t least = INT64_MAX, most = 0, first = free_memory_kb(), last = first;
	int64_t began_ns = now_ns();
	size_t reads = 0;
	while (reads < CAPACITY && now_ns() - began_ns < window_ns) {
		int64_t at_ns = now_ns();
		last = free_memory_kb();
		costs[reads++] = now_ns() - at_ns;
		least = last < least ? last : least;
		most = last > most ? last : most;
		sleep_until(at_ns + NS_PER_MS);
	}
	sort_numbers(costs, reads);
	wire_begin("idle");
	wire_number("reads", (int64_t)reads);
	wire_number("range_kb", most - least);
	wire_number("drift_kb", last - first);
	wire_number("read_median_ns", costs[reads / 2]);
	return wire_end();
}

static void *carry_out(void *unused)
{
	const struct arm_options options = { 0 };
	job.arm->kill(&job.victim, &options, &job.outcome);
	return unused;
}

static void take(bool charge, bool memory)
{
	struct sample *sample = &samples[count++];
	sample->charged_at_ns = now_ns();
	sample->charged_kb = charge ? group_charged_kb(&job.victim.group) : -1;
	sample->free_at_ns = now_ns();
	sample->free_kb = memory ? free_memory_kb() : -1;
	sample->free_read_ns = now_ns();
}

static int64_t reached_ns(bool memory, bool when_read, int64_t start_kb, int64_t size_kb, int64_t percent)
{
	for (size_t i = 0; i < count; i++) {
		const struct sample *sample = &samples[i];
		int64_t back_kb = memory ? sample->free_kb - start_kb : start_kb - sample->charged_kb;
		int64_t at_ns = when_read ? sample->free_read_ns : memory ? sample->free_at_ns : sample->charged_at_ns;
		if (at_ns >= job.outcome.killed_ns && reaches_share(back_kb, size_kb, percent))
			return at_ns - job.outcome.killed_ns;
	}
	return -1;
}

static void answer_shares(const char *key, bool memory, bool when_read, int64_t start_kb, int64_t size_kb)
{
	static const int64_t PERCENT[] = { 50, 90, 99 };
	wire_open(key, '[');
	for (size_t i = 0; i < 3; i++)
		wire_item(reached_ns(memory, when_read, start_kb, size_kb, PERCENT[i]));
	wire_close(']');
}

static int64_t median_gap_ns(void)
{
	static int64_t gaps[CAPACITY];
	for (size_t i = 1; i < count; i++)
		gaps[i - 1] = samples[i].charged_at_ns - samples[i - 1].charged_at_ns;
	sort_numbers(gaps, count - 1);
	return count > 1 ? gaps[(count - 1) / 2] : 0;
}

static int answer_trial(int64_t size_kb, int64_t before_kb, int64_t after_kb)
{
	int64_t charged_kb = samples[0].charged_kb, free_kb = samples[0].free_kb;
	wire_begin("trial");
	wire_text("errno", errno_name(job.outcome.calls[job.outcome.call_count - 1].error));
	wire_number("held_by_cgroup_kb", charged_kb);
	wire_number("held_by_system_kb", before_kb - free_kb);
	wire_number("lost_kb", before_kb - after_kb);
	wire_number("gap_median_ns", median_gap_ns());
	answer_shares("cgroup_ns", false, false, charged_kb, size_kb);
	answer_shares("system_ns", true, false, free_kb, size_kb);
	answer_shares("system_read_ns", true, true, free_kb, size_kb);
	return wire_end();
}

static int sample_kill(const struct stall *stall, int64_t size_kb, int64_t hold_ns, bool charge, bool memory)
{
	pthread_t reaper;
	bool released = false;
	take(charge, memory);
	if (pthread_create(&reaper, NULL, carry_out, NULL) != 0)
		return failed("start a reaper");
	while (count < CAPACITY) {
		int64_t at_ns = now_ns();
		int64_t killed_ns = job.outcome.killed_ns;
		take(charge, memory);
		if (killed_ns != 0 && !released && at_ns >= killed_ns + hold_ns) {
			released = true;
			if (stall->release != NULL && stall->release() < 0)
				return -1;
		}
		const struct sample *first = &samples[0], *last = &samples[count - 1];
		bool by_charge = !charge || reaches_share(first->charged_kb - last->charged_kb, size_kb, 99);
		bool by_memory = !memory || reaches_share(last->free_kb - first->free_kb, size_kb, 99);
		if (killed_ns != 0 && released && ((by_charge && by_memory) || at_ns > killed_ns + TIMEOUT_NS))
			break;
		sleep_until(at_ns + PERIOD_NS);
	}
	pthread_join(reaper, NULL);
	return 0;
}

static int run_trial(char **words)
{
	const struct stall *stall = stall_find(words[1]);
	int64_t size_kb = strtoll(words[2], NULL, 10), hold_ns = strtoll(words[3], NULL, 10) * NS_PER_MS;
	bool charge = strcmp(words[4], "system") != 0, memory = strcmp(words[4], "cgroup") != 0;
	const struct victim_plan plan = {
		.memory = { shape_find("private-anon"), size_kb, 100, 0 }, .threads = 1, .join = stall->join,
	};
	job.arm = arm_find(words[0]);
	int64_t before_kb = free_memory_kb();
	if (stall->begin != NULL && stall->begin() < 0)
		return -1;
	if (victim_start(&job.victim, &plan, 1) < 0 || stall->hold(&job.victim) < 0)
		return -1;
	int sampled = sample_kill(stall, size_kb, hold_ns, charge, memory);
	int reaped = victim_reap(&job.victim);
	int ended = stall->end == NULL ? 0 : stall->end();
	int removed = victim_end(&job.victim);
	sleep_until(now_ns() + AFTERWARDS_NS);
	if (sampled < 0 || reaped < 0 || ended < 0 || removed < 0)
		return -1;
	return answer_trial(size_kb, before_kb, free_memory_kb());
}

int main(int words_count, char **words)
{
	int result = -1;
	settle();
	if (words_count == 3 && strcmp(words[1], "idle") == 0)
		result = answer_idle(strtoll(words[2], NULL, 10) * NS_PER_MS);
	else if (words_count == 7 && strcmp(words[1], "trial") == 0)
		result = run_trial(words + 2);
	group_leave_no_trace();
	return result < 0 ? wire_error() : 0;
}
