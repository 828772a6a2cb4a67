// Starts the programs of hosts, each in its own session, so that one signal reaches all of its processes.
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct child {
	pid_t pid;
	// Our ends of its standard streams, -1 if closed. With a terminal `input` and `output` are the same
	// terminal (two descriptors) and `errors` is -1; without `own_errors` so is `errors`.
	int input;
	int output;
	int errors;
};

enum child_terminal { WITHOUT_TERMINAL, WITH_TERMINAL };
enum child_errors { ERRORS_IN_OUTPUT, OWN_ERRORS };

// Saves the signal mask and the OOM score for children: those before daemon_* changed them.
void children_prepare(void);
// Runs `/bin/sh -c command`, or an interactive shell if `command` is empty. `term` is for $TERM or NULL.
int child_start(struct child *child, const char *command, const char *term, enum child_terminal terminal,
		enum child_errors errors);
// Whether it has ended, and its exit status as a shell reports it (128 + signal). After true the child is removed from
// the table, so call this only once then.
bool child_ended(struct child *child, int *status);
// Closes our ends and releases the child; children_reap() collects it.
void child_release(struct child *child);
// Like child_release(), and sends SIGHUP to its whole session.
void child_hang_up(struct child *child);
// Collects released children after SIGCHLD.
void children_reap(void);
// Sends SIGHUP to all running children, after the host has gone.
void children_hang_up(void);
