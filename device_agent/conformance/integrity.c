// Damage to other processes by reaping a dying process: a missing owner-died mark of its robust mutexes, and wrong data
// in its unfinished writes. The flags select the end of the target:
// 0: SIGKILL, then process_mrelease(pidfd, 0); 1: process_mrelease(pidfd, PROCESS_MRELEASE_REAP_KILL);
// ONLY_KILL: only SIGKILL.
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "case.h"
#include "process.h"
#include "target_memory.h"

enum { ONLY_KILL = 0x100, ROUNDS = 20, WAIT_S = 1, PATTERN = 0xa5 };

static void end_target(const struct process *target, unsigned int flags)
{
	if (flags != PROCESS_MRELEASE_REAP_KILL)
		kill_process(target);
	if (flags != ONLY_KILL)
		mrelease(target->pidfd, flags); // any result is fine here, even too late
}

// A waiter for a mutex whose owner dies.
struct wait {
	pthread_mutex_t *mutex;
	pthread_t waiter;
	bool lost; // the owner's death was not reported
};

static pthread_mutex_t *mutex; // of the target being started, in memory shared with it

static void lock_mutex(void)
{
	char byte = 'l';
	if (pthread_mutex_lock(mutex) != 0)
		_exit(1);
	answer(byte);
}

static void make_mutex(void)
{
	pthread_mutexattr_t attributes;
	mutex = mmap(NULL, sizeof(*mutex), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (mutex == MAP_FAILED)
		die("mmap");
	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	if (pthread_mutex_init(mutex, &attributes) != 0)
		die("pthread_mutex_init");
}

static void *wait_for_owners_death(void *argument)
{
	struct wait *wait = argument;
	struct timespec deadline; // on the only clock that pthread_mutex_timedlock() supports
	clock_gettime(CLOCK_REALTIME, &deadline);
	deadline.tv_sec += WAIT_S;
	wait->lost = pthread_mutex_timedlock(wait->mutex, &deadline) == ETIMEDOUT;
	return NULL;
}

static void end_an_owner(struct wait *wait, unsigned int flags)
{
	make_mutex();
	wait->mutex = mutex;
	struct process target = spawn_target_that(lock_mutex);
	start_act(&target);
	await_answer(&target);
	if (pthread_create(&wait->waiter, NULL, wait_for_owners_death, wait) != 0)
		die("pthread_create");
	end_target(&target, flags);
	end_processes();
}

// The list of the robust mutexes of a thread is in its own memory, which exit_robust_list() finds zapped. All waiters
// wait at the same time, because each lost wake-up takes WAIT_S.
static void case_robust_futex(unsigned int flags)
{
	static struct wait waits[ROUNDS];
	long lost = 0;
	for (int i = 0; i < ROUNDS; i++)
		end_an_owner(&waits[i], flags);
	for (int i = 0; i < ROUNDS; i++) {
		pthread_join(waits[i].waiter, NULL);
		lost += waits[i].lost;
	}
	report_count("rounds", ROUNDS);
	report_count("lost", lost);
}
CASE(case_robust_futex, "robust-futex");

static int sink_fd;

static void write_pattern(void)
{
	answer('w');
	for (;;)
		if (write(sink_fd, target_memory(), TARGET_KB * 1024) <= 0)
			_exit(1);
}

static bool is_pattern(const unsigned char *word)
{
	uint64_t value;
	memcpy(&value, word, sizeof(value));
	return value == UINT64_MAX / 0xff * PATTERN;
}

// Compares whole words first: nearly all are correct, and an emulated CPU is slow with bytes.
static long wrong_bytes(const unsigned char *bytes, ssize_t length)
{
	const ssize_t word = sizeof(uint64_t);
	long wrong = 0;
	for (ssize_t at = 0; at < length;) {
		if (at + word <= length && is_pattern(bytes + at)) {
			at += word;
			continue;
		}
		wrong += bytes[at++] != PATTERN;
	}
	return wrong;
}

// Reads to the end: the number of bytes; adds the number of bytes that differ from the pattern to *wrong.
static long drain(int fd, long *wrong)
{
	static unsigned char buffer[64 * 1024];
	long total = 0;
	ssize_t length;
	while ((length = read(fd, buffer, sizeof(buffer))) > 0) {
		total += length;
		*wrong += wrong_bytes(buffer, length);
	}
	return total;
}

static struct process start_writer(void)
{
	struct process target = spawn_target_that(write_pattern);
	start_act(&target);
	await_answer(&target);
	return target;
}

static long pipe_round(unsigned int flags, long *wrong)
{
	int ends[2];
	unsigned char some[4096];
	if (pipe2(ends, O_CLOEXEC) < 0)
		die("pipe2");
	sink_fd = ends[1];
	struct process target = start_writer();
	close(ends[1]);
	ssize_t first = read(ends[0], some, sizeof(some)); // it is now in the middle of its write
	*wrong += wrong_bytes(some, first);
	end_target(&target, flags);
	long total = first + drain(ends[0], wrong);
	close(ends[0]);
	end_processes();
	return total;
}

static long file_round(unsigned int flags, long *wrong)
{
	sink_fd = open(".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (sink_fd < 0)
		die("make a file");
	struct process target = start_writer();
	while (lseek(sink_fd, 0, SEEK_END) == 0) // until its write is in progress
		;
	end_target(&target, flags);
	end_processes();
	lseek(sink_fd, 0, SEEK_SET);
	long total = drain(sink_fd, wrong);
	close(sink_fd);
	return total;
}

static void count_wrong(long (*round)(unsigned int flags, long *wrong), unsigned int flags)
{
	long wrong = 0;
	long empty = 0;
	for (int i = 0; i < ROUNDS; i++)
		empty += round(flags, &wrong) == 0;
	report_count("rounds", ROUNDS);
	report_count("empty", empty);
	report_count("wrong", wrong);
}

static void case_pattern_to_pipe(unsigned int flags)
{
	count_wrong(pipe_round, flags);
}
CASE(case_pattern_to_pipe, "pattern-to-pipe");

static void case_pattern_to_file(unsigned int flags)
{
	count_wrong(file_round, flags);
}
CASE(case_pattern_to_file, "pattern-to-file");
