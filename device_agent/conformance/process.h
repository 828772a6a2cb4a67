// Processes that a case acts on. Each answers a ping, so that "still alive" is an answer and not a guess.
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct process {
	pid_t pid;
	int pidfd;
	int channel; // our end; the process answers each byte on its end
};

// A process with TARGET_KB (target_memory.h) of anonymous memory of its own, in a memory cgroup of its own.
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

// Ends and waits for all of them; a case that died half-way leaves this to its parent's death signal.
void end_processes(void);
