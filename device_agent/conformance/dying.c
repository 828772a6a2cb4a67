// Targets in the middle of a slow death: reaped by the kernel's OOM reaper already, or dumping core.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "case.h"
#include "process.h"

#define CORE_PATTERN "/proc/sys/kernel/core_pattern"
#define CORE_BEGUN "/data/local/tmp/core-begun"
enum { EATEN_KB = 4 * TARGET_KB };

// Reads the kernel's log, one record a read, up to the one that says the OOM reaper is done with the pid.
static void await_oom_reaper(int log, pid_t pid)
{
	char record[1024], wanted[64];
	snprintf(wanted, sizeof(wanted), "oom_reaper: reaped process %d ", (int)pid);
	for (;;) {
		ssize_t length = read(log, record, sizeof(record) - 1);
		if (length < 0 && errno == EPIPE) // records were overwritten: go on with the oldest
			continue;
		if (length < 0)
			die("read /dev/kmsg");
		record[length] = '\0';
		if (strstr(record, wanted) != NULL)
			return;
	}
}

static char state_of(const char *pid_name, const char *wanted_name)
{
	char path[300], text[128] = "";
	snprintf(path, sizeof(path), "/proc/%s/stat", pid_name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return '\0'; // it has ended
	ssize_t length = read(fd, text, sizeof(text) - 1);
	close(fd);
	char *name = length > 0 ? strchr(text, '(') : NULL;
	char *after = name == NULL ? NULL : strchr(name, ')');
	if (after == NULL || strncmp(name + 1, wanted_name, strlen(wanted_name)) != 0)
		return '\0';
	return after[2];
}

static char state_of_thread(const char *name)
{
	DIR *processes = opendir("/proc");
	struct dirent *entry;
	char state = '\0';
	if (processes == NULL)
		die("opendir /proc");
	while (state == '\0' && (entry = readdir(processes)) != NULL)
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
			state = state_of(entry->d_name, name);
	closedir(processes);
	return state;
}

static void eat(void)
{
	volatile char *more = malloc(EATEN_KB * 1024);
	if (more != NULL)
		for (size_t i = 0; i < EATEN_KB * 1024; i += 4096)
			more[i] = 1;
}

// MMF_OOM_SKIP is set between the log's record and the reaper's next sleep. What user space can see of it is
// only that the call succeeds although nothing is left to reap.
void case_oom_reaped(unsigned int flags)
{
	int log = open("/dev/kmsg", O_RDONLY | O_CLOEXEC);
	if (log < 0 || lseek(log, 0, SEEK_END) < 0)
		die("open /dev/kmsg");
	struct process target = spawn_target_that(eat);
	keep_when_dying(&target);
	limit_targets_memory(EATEN_KB / 2);
	start_act(&target);
	await_dying(&target);
	await_oom_reaper(log, target.pid);
	while (state_of_thread("oom_reaper") != 'S')
		sched_yield();
	say("ret", mrelease(target.pidfd, flags));
	say("freed", freed());
}

static void set_core_pattern(const char *pattern)
{
	int fd = open(CORE_PATTERN, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, pattern, strlen(pattern)) < 0 || close(fd) < 0)
		die("write " CORE_PATTERN);
}

// Started by the kernel with the dump on stdin, which it does not read: so the dump goes on until nobody
// holds the other end of the pipe that it says "begun" through.
int receive_core(void)
{
	int begun = open(CORE_BEGUN, O_WRONLY | O_CLOEXEC);
	if (begun < 0 || write(begun, "b", 1) != 1)
		return 1;
	struct pollfd reader = { .fd = begun };
	return poll(&reader, 1, -1) < 0;
}

void case_coredump(unsigned int flags)
{
	char program[200], pattern[300], byte;
	ssize_t length = readlink("/proc/self/exe", program, sizeof(program) - 1);
	if (length < 0)
		die("readlink /proc/self/exe");
	program[length] = '\0';
	snprintf(pattern, sizeof(pattern), "|%s " CORE_RECEIVER "\n", program);
	if (unlink(CORE_BEGUN) < 0 && errno != ENOENT)
		die("unlink " CORE_BEGUN);
	if (mkfifo(CORE_BEGUN, 0600) < 0)
		die("mkfifo");
	struct process target = spawn_target_that(abort);
	set_core_pattern(pattern);
	start_act(&target);
	int begun = open(CORE_BEGUN, O_RDONLY | O_CLOEXEC);
	if (begun < 0 || read(begun, &byte, 1) != 1)
		die("wait for the core dump");
	say("ret", mrelease(target.pidfd, flags));
	set_core_pattern("core\n");
	close(begun);
	await_end(&target);
}
