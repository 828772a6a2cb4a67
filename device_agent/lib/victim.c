// Starts and ends victims. A victim dies with its agent, so none is ever left on a device.
#include "victim.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "failure.h"
#include "parked.h"
#include "sys.h"
#include "text_file.h"

enum { REPORT_SIZE = 200, FOLDER_SIZE = 256 };

// The child sends this through the pipe once: when it is ready (reason empty), or when it has failed.
struct report {
	void *memory;
	pid_t companion;
	char reason[REPORT_SIZE];
};

static int die_with_parent(pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return failed("bind the victim to its agent");
	if (getppid() != parent)
		return refused("the agent died");
	return 0;
}

static int become_victim(const struct victim *victim, const struct victim_plan *plan, pid_t parent,
			 struct report *report)
{
	if (die_with_parent(parent) < 0 || group_enter(&victim->group) < 0)
		return -1;
	if (prctl(PR_SET_NAME, VICTIM_COMM) < 0 || write_text("/proc/self/oom_score_adj", "1000") < 0)
		return -1;
	void *memory = plan->memory.shape->make(&plan->memory, victim->file_fd);
	if (memory == NULL || parked_threads_start((int)plan->threads - 1) < 0)
		return -1;
	if (plan->join != NULL && plan->join(memory, &report->companion) < 0)
		return -1;
	report->memory = memory;
	return 0;
}

static _Noreturn void child_main(const struct victim *victim, const struct victim_plan *plan, pid_t parent,
				 int report_fd)
{
	static struct report report;
	failure_clear();
	if (become_victim(victim, plan, parent, &report) < 0)
		strncpy(report.reason, failure_text(), REPORT_SIZE - 1);
	if (write(report_fd, &report, sizeof(report)) != (ssize_t)sizeof(report) || report.memory == NULL)
		_exit(1);
	park();
	_exit(1);
}

static int read_report(struct victim *victim)
{
	struct report report;
	ssize_t length = read(victim->report_fd, &report, sizeof(report));
	if (length < 0)
		return failed("read the victim's report");
	if (length != (ssize_t)sizeof(report))
		return refused("the victim died before it was ready (out of memory?)");
	report.reason[REPORT_SIZE - 1] = '\0';
	victim->memory = report.memory;
	victim->companion = report.companion;
	return report.memory == NULL ? refused("%s", report.reason) : 0;
}

static int fork_victim(struct victim *victim, const struct victim_plan *plan)
{
	int ends[2];
	pid_t parent = getpid();
	if (pipe2(ends, O_CLOEXEC) < 0)
		return failed("create a pipe");
	victim->pid = fork();
	if (victim->pid == 0)
		child_main(victim, plan, parent, ends[1]);
	close(ends[1]);
	victim->report_fd = ends[0];
	return victim->pid < 0 ? failed("fork the victim") : 0;
}

// The file has no name, so it disappears with its last user, however the agent ends.
static int open_file(struct victim *victim, const struct victim_plan *plan)
{
	char folder[FOLDER_SIZE];
	if (!plan->memory.shape->needs_file)
		return 0;
	if (own_folder(folder, sizeof(folder)) < 0)
		return -1;
	victim->file_fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	return victim->file_fd < 0 ? failed("create a file in %s", folder) : 0;
}

static int start(struct victim *victim, const struct victim_plan *plan)
{
	if (open_file(victim, plan) < 0 || (plan->count_swap && group_count_swap(&victim->group) < 0))
		return -1;
	if (fork_victim(victim, plan) < 0)
		return -1;
	victim->pidfd = sys_pidfd_open(victim->pid);
	return victim->pidfd < 0 ? failed("open a pidfd of the victim") : 0;
}

static int give_up(struct victim *victim)
{
	victim_reap(victim);
	victim_end(victim);
	return -1;
}

int victim_launch(struct victim *victim, const struct victim_plan *plan, int group_number)
{
	*victim = (struct victim){ .pid = -1, .pidfd = -1, .file_fd = -1, .report_fd = -1 };
	victim->group.charged_fd = -1;
	victim->size = (size_t)plan->memory.size_kb * 1024;
	if (!plan->ungrouped && group_create(&victim->group, group_number) < 0)
		return -1;
	return start(victim, plan) < 0 ? give_up(victim) : 0;
}

int victim_await(struct victim *victim)
{
	int result = read_report(victim);
	close(victim->report_fd);
	victim->report_fd = -1;
	return result < 0 ? give_up(victim) : 0;
}

int victim_start(struct victim *victim, const struct victim_plan *plan, int group_number)
{
	return victim_launch(victim, plan, group_number) < 0 ? -1 : victim_await(victim);
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

int victim_reap(struct victim *victim)
{
	if (victim->pid <= 0)
		return 0;
	kill(victim->pid, SIGKILL); // our own child, not waited for yet, so the pid cannot be reused
	int result = wait_for(victim->pid);
	victim->pid = -1;
	return result;
}

int victim_end(struct victim *victim)
{
	if (victim->pidfd >= 0)
		close(victim->pidfd);
	if (victim->file_fd >= 0)
		close(victim->file_fd);
	if (victim->report_fd >= 0)
		close(victim->report_fd);
	return group_remove(&victim->group);
}
