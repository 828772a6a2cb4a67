// Processes that a case acts on. See process.h.
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"
#include "clock.h"
#include "failure.h"
#include "group.h"
#include "text_file.h"

#define STACK_BYTES (64 * 1024)
#define MAX_PROCESSES 8
#define PATIENCE_S 10

static struct group group; // that the targets are in
static struct process made[MAX_PROCESSES];
static int made_count;
static void *memory;
static int own_channel; // of a process that acts

static void must_write(const char *path, const char *text)
{
	if (write_text(path, text) < 0)
		die(failure_text());
}

// A file of the group that the targets are in.
static const char *in_group(const char *file)
{
	static char path[GROUP_PATH_SIZE + 32];
	snprintf(path, sizeof(path), "%s%s", group.path, file);
	return path;
}

// Only root makes groups; what others' targets are charged is not known.
static bool may_make_group(void)
{
	return geteuid() == 0;
}

static void make_group(void)
{
	if (group.path[0] != '\0' || !may_make_group())
		return;
	group_remove_leftovers();
	if (group_create(&group, 1) < 0)
		die(failure_text());
}

static long charged_kb(void)
{
	long kb = (long)group_charged_kb(&group);
	if (kb < 0)
		die("read what is charged");
	return kb;
}

const char *freed(void)
{
	static char other[32];
	if (!may_make_group())
		return "unknown";
	long kb = charged_kb();
	if (kb < TARGET_KB / 8)
		return "yes";
	if (kb >= TARGET_KB)
		return "no";
	snprintf(other, sizeof(other), "%ld kB stay", kb);
	return other;
}

// Nothing tells when a charge falls: it is read again.
const char *freed_soon(void)
{
	int64_t end_ns = now_ns() + PATIENCE_S * NS_PER_S;
	while (may_make_group() && charged_kb() >= TARGET_KB / 8 && now_ns() < end_ns)
		sched_yield();
	return freed();
}

void keep_targets_out_of_swap(void)
{
	make_group();
	must_write(in_group("/memory.swap.max"), "0");
}

void limit_targets_memory(long kb)
{
	char text[32];
	snprintf(text, sizeof(text), "%ldK", kb);
	keep_targets_out_of_swap();
	must_write(in_group("/memory.max"), text);
}

void *target_memory(void)
{
	return memory;
}

// From here to fate(): what runs in the processes themselves. One that shares memory with another must
// not touch stdio or errno of the other, so these use the stack and system calls alone.

void answer(char byte)
{
	if (write(own_channel, &byte, 1) != 1)
		_exit(1);
}

static _Noreturn void serve(int channel, void (*act)(void))
{
	char byte;
	for (;;) {
		if (read(channel, &byte, 1) != 1 || byte == 'q')
			_exit(0);
		if (byte == 'a')
			act();
		else if (write(channel, &byte, 1) != 1)
			_exit(1);
	}
}

static void become(uid_t uid)
{
	// By number: libc's setuid would want all "threads" to follow.
	if (uid != 0 && syscall(SYS_setuid, uid) != 0)
		_exit(1);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
		_exit(1);
}

struct sharer_start {
	int channel;
	uid_t uid;
};

static int run_sharer(void *argument)
{
	struct sharer_start start = *(struct sharer_start *)argument;
	become(start.uid);
	serve(start.channel, NULL);
}

struct plan {
	uid_t uid;
	void (*act)(void);
	int sharer_flags; // of clone(2); 0: no sharer
	struct sharer_start sharer;
	_Atomic pid_t *sharer_pid; // in memory that we and the target share
};

static void start_sharer(struct plan *plan)
{
	void *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (stack == MAP_FAILED)
		_exit(1);
	// CLONE_PARENT makes it our child too, so that we learn its end. It tells its pid before it runs.
	int flags = CLONE_VM | CLONE_PARENT | CLONE_PARENT_SETTID | plan->sharer_flags;
	if (clone(run_sharer, (char *)stack + STACK_BYTES, flags, &plan->sharer, plan->sharer_pid) < 0)
		_exit(1);
}

static _Noreturn void run_target(struct plan *plan, int channel)
{
	if (may_make_group() && group_enter(&group) < 0)
		die(failure_text());
	memset(memory, 0xa5, TARGET_KB * 1024);
	if (write(channel, "r", 1) != 1)
		_exit(1);
	if (plan->sharer_flags != 0)
		start_sharer(plan);
	become(plan->uid);
	own_channel = channel;
	serve(channel, plan->act);
}

static void await_byte(int channel)
{
	char byte;
	if (read(channel, &byte, 1) != 1)
		die("a process that was to answer has ended");
}

static void ping(int channel)
{
	if (write(channel, "p", 1) != 1)
		die("ping");
}

static struct process remember(pid_t pid, int channel)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0u);
	if (pidfd < 0 || made_count == MAX_PROCESSES)
		die("pidfd_open");
	made[made_count] = (struct process){ .pid = pid, .pidfd = pidfd, .channel = channel };
	return made[made_count++];
}

static void make_channel(int ends[2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		die("socketpair");
}

static void reserve_memory(void)
{
	memory = mmap(NULL, TARGET_KB * 1024, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		die("mmap");
}

static struct process spawn(struct plan *plan)
{
	int ends[2];
	make_group();
	reserve_memory();
	make_channel(ends);
	pid_t pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0)
		run_target(plan, ends[1]);
	close(ends[1]);
	struct process target = remember(pid, ends[0]);
	await_byte(target.channel);
	return target;
}

static struct process spawn_with_sharer(struct plan *plan, struct process *sharer)
{
	int ends[2];
	make_channel(ends);
	plan->sharer.channel = ends[1];
	plan->sharer_pid = mmap(NULL, sizeof(pid_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (plan->sharer_pid == MAP_FAILED)
		die("mmap");
	struct process target = spawn(plan);
	ping(ends[0]);
	await_byte(ends[0]); // it runs, so its pid has been written
	*sharer = remember(*plan->sharer_pid, ends[0]);
	close(ends[1]);
	return target;
}

struct process spawn_target(void)
{
	return spawn(&(struct plan){ 0 });
}

struct process spawn_target_that(void (*act)(void))
{
	return spawn(&(struct plan){ .act = act });
}

struct process spawn_target_and_sharer(struct process *sharer)
{
	return spawn_users_target_and_sharer(sharer, 0, 0);
}

struct process spawn_target_and_sharer_that(void (*act)(void), struct process *sharer)
{
	return spawn_with_sharer(&(struct plan){ .sharer_flags = SIGCHLD, .act = act }, sharer);
}

struct process spawn_users_target_and_sharer(struct process *sharer, uid_t target_uid, uid_t sharer_uid)
{
	struct plan plan = { .uid = target_uid, .sharer_flags = SIGCHLD, .sharer.uid = sharer_uid };
	struct process target = spawn_with_sharer(&plan, sharer);
	ping(target.channel);
	await_byte(target.channel); // it has become that user
	return target;
}

struct process spawn_vfork_parent(struct process *child)
{
	return spawn_with_sharer(&(struct plan){ .sharer_flags = CLONE_VFORK | SIGCHLD }, child);
}

void await_answer(const struct process *process)
{
	await_byte(process->channel);
}

void start_act(const struct process *process)
{
	if (write(process->channel, "a", 1) != 1)
		die("tell a process to act");
}

static const char *how_it_ended(const siginfo_t *info)
{
	static char text[4][16];
	static int next;
	char *name = text[next++ % 4];
	if (info->si_code == CLD_EXITED)
		snprintf(name, sizeof(text[0]), "exit %d", info->si_status);
	else if (info->si_status == SIGKILL)
		strcpy(name, "SIGKILL");
	else if (info->si_status == SIGBUS)
		strcpy(name, "SIGBUS");
	else
		snprintf(name, sizeof(text[0]), "signal %d", info->si_status);
	return name;
}

// A SIGKILL is pending when the call that sent it returns, and a process with one pending never comes back
// to user space: it answers only if it was not killed.
const char *fate(const struct process *process)
{
	char answer;
	siginfo_t info = { 0 };
	struct pollfd ends[] = { { .fd = process->channel, .events = POLLIN },
				 { .fd = process->pidfd, .events = POLLIN } };
	if (write(process->channel, "p", 1) != 1 && errno != EPIPE)
		die("ping");
	if (poll(ends, 2, -1) < 0)
		die("poll");
	// A channel that is readable without a byte has been closed by a process that is ending.
	if (ends[0].revents != 0 && read(process->channel, &answer, 1) == 1)
		return "alive";
	if (waitid(P_PIDFD, (id_t)process->pidfd, &info, WEXITED | WNOWAIT) < 0)
		die("waitid");
	return how_it_ended(&info);
}

void await_end(const struct process *process)
{
	struct pollfd end = { .fd = process->pidfd, .events = POLLIN };
	if (poll(&end, 1, -1) < 0)
		die("poll");
}

void let_go(const struct process *process)
{
	if (write(process->channel, "q", 1) != 1)
		die("let go of a process");
	await_end(process);
}

void kill_process(const struct process *process)
{
	if (kill(process->pid, SIGKILL) < 0)
		die("kill");
}

void keep_when_dying(const struct process *process)
{
	if (ptrace(PTRACE_SEIZE, process->pid, NULL, PTRACE_O_TRACEEXIT) < 0)
		die("PTRACE_SEIZE");
}

void await_dying(const struct process *process)
{
	int status;
	if (waitpid(process->pid, &status, __WALL) < 0)
		die("waitpid");
	if (status >> 8 != (SIGTRAP | PTRACE_EVENT_EXIT << 8))
		die("a process that was to stop before its end did not");
}

void keep_dying(const struct process *process)
{
	keep_when_dying(process);
	kill_process(process);
	await_dying(process);
}

void end_processes(void)
{
	for (int i = 0; i < made_count; i++)
		kill(made[i].pid, SIGKILL); // fails for one that is reaped: as good
	for (int i = 0; i < made_count; i++) {
		ptrace(PTRACE_DETACH, made[i].pid, NULL, NULL); // fails for one that is not kept
		while (waitpid(made[i].pid, NULL, __WALL) < 0 && errno == EINTR)
			;
		close(made[i].pidfd);
		close(made[i].channel);
	}
	made_count = 0;
	if (group.path[0] != '\0' && group_remove(&group) < 0)
		die(failure_text());
	group.path[0] = '\0';
	if (may_make_group())
		group_leave_no_trace();
}
