// The processes of a case. Each answers a ping, so "still alive" is an observation and not a guess.
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

// Like spawn_target(), with a second process that shares its memory (CLONE_VM).
struct process spawn_target_and_sharer(struct process *sharer);
struct process spawn_users_target_and_sharer(struct process *sharer, uid_t target_uid, uid_t sharer_uid);

// Like spawn_target(), but it waits in vfork(2) for a child that does not exec.
struct process spawn_vfork_parent(struct process *child);

// Like spawn_target(); start_act() makes it call `act`.
struct process spawn_target_that(void (*act)(void));
struct process spawn_target_and_sharer_that(void (*act)(void), struct process *sharer);
void start_act(const struct process *process);
// Called by an act: sends a byte to the case; await_answer() waits for it.
void answer(char byte);
void await_answer(const struct process *process);

// "alive" if it answers, otherwise its end: "SIGKILL", "SIGBUS", "exit 0", ...
const char *fate(const struct process *process);

// Makes it call _exit(0); returns when it has ended.
void let_go(const struct process *process);

void kill_process(const struct process *process);
void await_end(const struct process *process);

// Kills it, but stops it before exit_mm(), where it is dying and still has its memory.
void keep_dying(const struct process *process);

// Like keep_dying(), but something else will kill it.
void keep_when_dying(const struct process *process);
void await_dying(const struct process *process);

// Ends all processes and waits for them; if a case dies, their parent death signal ends them.
void end_processes(void);
