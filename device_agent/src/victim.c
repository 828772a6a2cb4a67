// Starts and ends victims. A victim dies with its agent, so that none is ever left on a device.
#include "victim.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "failure.h"
#include "sys.h"
#include "text_file.h"

enum { REPORT_SIZE = 200, MAX_OOM_SCORE_ADJ = 1000 };

// What the child tells through the pipe, once, when it stands (reason empty) or has failed.
struct report {
	void *memory;
	char reason[REPORT_SIZE];
};

static void *park(void *unused)
{
	for (;;)
		pause();
	return unused;
}

static int start_threads(int count)
{
	pthread_attr_t attributes;
	pthread_t thread;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 64 * 1024);
	for (int i = 0; i < count; i++) {
		errno = pthread_create(&thread, &attributes, park, NULL);
		if (errno != 0)
			return failed("start thread %d of the victim", i + 1);
	}
	return 0;
}

// No page equals another, so that neither zram nor KSM can make the memory smaller than it looks.
static void fill(unsigned char *memory, size_t size)
{
	uint64_t state = UINT64_C(0x9e3779b97f4a7c15);
	for (size_t at = 0; at < size; at += sizeof(state)) {
		state ^= state << 13; // xorshift64, Marsaglia 2003
		state ^= state >> 7;
		state ^= state << 17;
		memcpy(memory + at, &state, sizeof(state));
	}
}

static void *touch_memory(int64_t size_kb)
{
	size_t size = (size_t)size_kb * 1024;
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED) {
		failed("map %lld kB in the victim", (long long)size_kb);
		return NULL;
	}
	// One size of page on every device. EINVAL: a kernel without huge pages has nothing to forbid.
	if (madvise(memory, size, MADV_NOHUGEPAGE) < 0 && errno != EINVAL) {
		failed("forbid huge pages in the victim");
		return NULL;
	}
	fill(memory, size);
	return memory;
}

static int die_with_parent(pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return failed("bind the victim to its agent");
	if (getppid() != parent)
		return refused("the agent died");
	return 0;
}

static void *become_victim(const struct victim_shape *shape, const struct group *group, pid_t parent)
{
	if (die_with_parent(parent) < 0 || group_enter(group) < 0)
		return NULL;
	if (write_text("/proc/self/oom_score_adj", "1000") < 0)
		return NULL;
	void *memory = touch_memory(shape->size_kb);
	if (memory == NULL || start_threads(shape->threads - 1) < 0)
		return NULL;
	return memory;
}

static _Noreturn void child_main(const struct victim_shape *shape, const struct group *group, pid_t parent,
				 int report_fd)
{
	static struct report report;
	report.memory = become_victim(shape, group, parent);
	if (report.memory == NULL)
		strncpy(report.reason, failure_text(), REPORT_SIZE - 1);
	if (write(report_fd, &report, sizeof(report)) != (ssize_t)sizeof(report) || report.memory == NULL)
		_exit(1);
	park(NULL);
	_exit(1);
}

static int await_report(int fd, void **memory)
{
	struct report report;
	ssize_t length = read(fd, &report, sizeof(report));
	if (length < 0)
		return failed("hear from the victim");
	if (length != (ssize_t)sizeof(report))
		return refused("the victim died before it stood (out of memory?)");
	report.reason[REPORT_SIZE - 1] = '\0';
	*memory = report.memory;
	return report.memory == NULL ? refused("%s", report.reason) : 0;
}

static int fork_victim(struct victim *victim, const struct victim_shape *shape)
{
	int ends[2];
	pid_t parent = getpid();
	if (pipe2(ends, O_CLOEXEC) < 0)
		return failed("make a pipe");
	victim->pid = fork();
	if (victim->pid == 0)
		child_main(shape, &victim->group, parent, ends[1]);
	close(ends[1]);
	int result = victim->pid < 0 ? failed("fork the victim") : await_report(ends[0], &victim->memory);
	close(ends[0]);
	return result;
}

int victim_start(struct victim *victim, const struct victim_shape *shape, int group_number)
{
	*victim = (struct victim){ .pid = -1, .pidfd = -1 };
	if (group_create(&victim->group, group_number) < 0)
		return -1;
	int result = fork_victim(victim, shape);
	if (result == 0 && (victim->pidfd = sys_pidfd_open(victim->pid)) < 0)
		result = failed("open a pidfd of the victim");
	if (result < 0)
		victim_end(victim);
	return result;
}

int victim_has_exited(const struct victim *victim)
{
	struct pollfd readable = { .fd = victim->pidfd, .events = POLLIN };
	return poll(&readable, 1, 0) == 1;
}

static int wait_for(pid_t pid)
{
	while (waitpid(pid, NULL, 0) < 0)
		if (errno != EINTR)
			return failed("wait for the victim %d", (int)pid);
	return 0;
}

int victim_end(struct victim *victim)
{
	int result = 0;
	if (victim->pid > 0) {
		kill(victim->pid, SIGKILL); // our own child, not waited for yet: the pid is still its
		result = wait_for(victim->pid);
	}
	if (victim->pidfd >= 0)
		close(victim->pidfd);
	return group_remove(&victim->group) < 0 ? -1 : result;
}
