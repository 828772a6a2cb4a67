// A real global OOM kill: the case takes all memory of the device, and the kernel kills the target, which shares its
// memory with another process. Only for a device without other users.
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"
#include "process.h"
#include "target_memory.h"
#include "text_file.h"

enum { BITE_BYTES = 256 * 1024, SPARE_BYTES = 64 * 1024 * 1024 };

static void set_oom_score_adj(const char *value)
{
	if (write_text("/proc/self/oom_score_adj", value) < 0)
		die_failed();
}

static void offer_self(void)
{
	set_oom_score_adj("1000");
	answer('o');
}

static void *take_locked(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED || mlock(memory, size) < 0)
		die("take memory");
	return memory;
}

// The number of processes that the kernel's OOM killer has killed.
static long oom_kills(void)
{
	static char text[16 * 1024];
	int fd = open("/proc/vmstat", O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (length < 0 || close(fd) < 0)
		die("read /proc/vmstat");
	text[length] = '\0';
	const char *line = strstr(text, "\noom_kill ");
	if (line == NULL)
		die("find oom_kill in /proc/vmstat");
	return strtol(line + strlen("\noom_kill "), NULL, 10);
}

// Takes locked memory, which cannot be swapped out. All of it is freed when this process ends after the first kill.
static _Noreturn void take_memory(long kills_before)
{
	set_oom_score_adj("-1000");
	while (oom_kills() == kills_before)
		take_locked(BITE_BYTES);
	_exit(0);
}

static _Noreturn void become_spare(int ready)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		die("prctl");
	set_oom_score_adj("900");
	take_locked(SPARE_BYTES);
	if (write(ready, "r", 1) != 1)
		die("write");
	for (;;)
		pause();
}

// The spare is the next candidate of the OOM killer after the target. If the memory of the target is first on the free
// lists of another CPU, the spare dies instead of a process that the device needs.
static pid_t start_spare(void)
{
	int ends[2];
	char byte;
	if (pipe2(ends, O_CLOEXEC) < 0)
		die("pipe2");
	pid_t pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0)
		become_spare(ends[1]);
	close(ends[1]);
	if (read(ends[0], &byte, 1) != 1)
		die("start the spare");
	close(ends[0]);
	return pid;
}

static void end_spare(pid_t pid)
{
	kill(pid, SIGKILL); // our child, not waited for yet
	if (waitpid(pid, NULL, 0) < 0)
		die("waitpid");
}

static void take_memory_until_a_kill(void)
{
	long kills = oom_kills();
	pid_t pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0)
		take_memory(kills);
	int status;
	if (waitpid(pid, &status, 0) < 0 || status != 0)
		die("wait for the OOM killer");
}

static void case_global_oom(unsigned int flags)
{
	(void)flags; // this case makes no call
	keep_targets_out_of_swap(); // otherwise its death frees nothing, and the killer continues with other processes
	pid_t spare = start_spare();
	struct process sharer, target = spawn_target_and_sharer_that(offer_self, &sharer);
	start_act(&target);
	await_answer(&target);
	take_memory_until_a_kill();
	report("target", fate(&target));
	report("sharer", fate(&sharer));
	await_end(&sharer);
	report("freed", freed_soon()); // the OOM reaper may still be running
	end_spare(spare);
}
CASE(case_global_oom, "global-oom");
