// A target that the kernel's OOM reaper has reaped already.
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "case.h"
#include "folder.h"
#include "process.h"
#include "target_memory.h"
#include "text.h"
#include "text_file.h"

enum { EATEN_KB = 4 * TARGET_KB };

// Reads the kernel's log, one record per read, up to the one that reports the pid as reaped.
static void await_oom_reaper(int log, pid_t pid)
{
	char record[1024], wanted[64];
	text_format(wanted, sizeof(wanted), "oom_reaper: reaped process %d ", (int)pid);
	for (;;) {
		ssize_t length = read(log, record, sizeof(record) - 1);
		if (length < 0 && errno == EPIPE) // records were overwritten: continue with the oldest
			continue;
		if (length < 0)
			die("read /dev/kmsg");
		record[length] = '\0';
		if (strstr(record, wanted) != NULL)
			return;
	}
}

struct thread_search {
	const char *name;
	char state; // '\0': no thread of that name
};

static int compare_name(const char *pid, void *argument)
{
	struct thread_search *search = argument;
	char path[300], stat[128];
	if (pid[0] < '1' || pid[0] > '9')
		return 0;
	text_format(path, sizeof(path), "/proc/%s/stat", pid);
	const char *name = read_text(path, stat, sizeof(stat)) < 0 ? NULL : strchr(stat, '(');
	const char *after = name == NULL ? NULL : strchr(name, ')');
	if (after != NULL && strncmp(name + 1, search->name, strlen(search->name)) == 0)
		search->state = after[2];
	return 0;
}

static char state_of_thread(const char *name)
{
	struct thread_search search = { .name = name };
	if (folder_each("/proc", compare_name, &search) < 0)
		die("read /proc");
	return search.state;
}

static void eat(void)
{
	volatile char *more = malloc(EATEN_KB * 1024);
	if (more != NULL)
		for (size_t i = 0; i < EATEN_KB * 1024; i += 4096)
			more[i] = 1;
}

// MMF_OOM_SKIP is set between the log record and the reaper's next sleep. User space can see only one effect of
// it: the call succeeds although nothing is left to reap.
static void case_oom_reaped(unsigned int flags)
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
	report("ret", mrelease(target.pidfd, flags));
	report("freed", freed());
}
CASE(case_oom_reaped, "oom-reaped");
