// Processes that a case acts on. Each answers a ping, so that "still alive" is an answer and not a guess.
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct process {
	pid_t pid;
	int pidfd;
	int channel; // our end; the process answers each byte on its end
};

enum { TARGET_KB = 16 * 1024 };

// A process with TARGET_KB of anonymous memory of its own, in a memory cgroup of its own.
struct process spawn_target(void);

// As spawn_target, and a second process that shares its memory (CLONE_VM).
struct process spawn_target_and_sharer(struct process *sharer);
struct process spawn_users_target_and_sharer(struct process *sharer, uid_t target_uid, uid_t sharer_uid);

// As spawn_target, but it waits in vfork(2) for a child that does not exec.
struct process spawn_vfork_parent(struct process *child);

// As spawn_target; it does `act` when told by start_act().
struct process spawn_target_that(void (*act)(void));
struct process spawn_target_and_sharer_that(void (*act)(void), struct process *sharer);
void start_act(const struct process *process);
// Called by an act: tells its starter a byte; await_answer() waits for one.
void answer(char byte);
void await_answer(const struct process *process);

// "alive" when it answers; else how it ended: "SIGKILL", "SIGBUS", "exit 0", ...
const char *fate(const struct process *process);

// Tells it to _exit(0); returns when it has ended.
void let_go(const struct process *process);

void kill_process(const struct process *process);
void await_end(const struct process *process);

// Kills it, but keeps it before exit_mm(), where it is dying and still has its memory.
void keep_dying(const struct process *process);

// As keep_dying, but something else is going to kill it.
void keep_when_dying(const struct process *process);
void await_dying(const struct process *process);

// "yes" when nearly all of the target's memory is uncharged, "no" when nearly none is. Exact only where the
// target cannot be tearing its memory down itself: that collects pages before it frees them.
const char *freed(void);

// As freed(), where others may still be at it: waits up to 10 s for a "yes".
const char *freed_soon(void);

// For cases in which a target's memory is what must come back (cgroup v2).
void keep_targets_out_of_swap(void);

// Limits what the targets' cgroup may hold, swap included, so that the kernel's OOM killer comes.
void limit_targets_memory(long kb);

// Memory of the last target, at the same address in its address space as in ours before it was made.
void *target_memory(void);

// Ends and waits for all of them; a case that died half-way leaves this to its parent's death signal.
void end_processes(void);
