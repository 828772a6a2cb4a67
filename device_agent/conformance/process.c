// Starts and ends the processes of a case.
#include "process.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"
#include "failure.h"
#include "target_memory.h"

#define STACK_BYTES (64 * 1024)
#define MAX_PROCESSES 8

static struct process made[MAX_PROCESSES];
static int made_count;
static int own_channel; // of a process that acts

// From here to run_target(): code of the processes themselves. A process that shares memory with another must not
// touch the errno or other state of its libc, so this code uses the stack and system calls alone.

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

static void end_with_parent(void)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
		_exit(1);
}

static void become(uid_t uid)
{
	// By number, because libc's setuid() would change all "threads".
	if (uid != 0 && syscall(SYS_setuid, uid) != 0)
		_exit(1);
	end_with_parent(); // setuid has cleared it
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
	// CLONE_PARENT makes it our child too, so that we can wait for it. Its pid is stored before it runs.
	int flags = CLONE_VM | CLONE_PARENT | CLONE_PARENT_SETTID | plan->sharer_flags;
	if (clone(run_sharer, (char *)stack + STACK_BYTES, flags, &plan->sharer, plan->sharer_pid) < 0)
		_exit(1);
}

static _Noreturn void run_target(struct plan *plan, int channel)
{
	end_with_parent(); // before the "r", after which a case may die at any moment
	target_memory_touch();
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
	if (read(channel, &byte, 1) == 1)
		return;
	refused("a process ended before it answered");
	die_failed();
}

static void ping(int channel)
{
	if (write(channel, "p", 1) != 1)
		die("ping");
}

static struct process remember(pid_t pid, int channel)
{
	int pidfd = sys_pidfd_open(pid);
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

static struct process spawn(struct plan *plan)
{
	int ends[2];
	target_memory_reserve();
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
	await_byte(ends[0]); // it runs, so its pid has been stored
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
	await_byte(target.channel); // it runs as that user now
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
		die("ask a process to act");
}

void end_processes(void)
{
	for (int i = 0; i < made_count; i++)
		kill(made[i].pid, SIGKILL); // fails for a reaped process, which is fine
	for (int i = 0; i < made_count; i++) {
		ptrace(PTRACE_DETACH, made[i].pid, NULL, NULL); // fails for a process that is not stopped
		while (waitpid(made[i].pid, NULL, __WALL) < 0 && errno == EINTR)
			;
		close(made[i].pidfd);
		close(made[i].channel);
	}
	made_count = 0;
	target_memory_end();
}
