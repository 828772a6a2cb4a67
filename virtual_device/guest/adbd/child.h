// The programs that hosts start: each in its own session, so that one signal reaches all it started.
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct child {
	pid_t pid;
	// Our ends of its standard streams, -1 when closed. With a terminal `input` and `output` are the same
	// terminal (two descriptors) and `errors` is -1; without `own_errors` so is `errors`.
	int input;
	int output;
	int errors;
};

enum child_terminal { WITHOUT_TERMINAL, WITH_TERMINAL };
enum child_errors { ERRORS_IN_OUTPUT, OWN_ERRORS };

// Remembers the signal mask and the OOM score that children are to have: those before daemon_* changed them.
void children_prepare(void);
// Runs `/bin/sh -c command`, or an interactive shell when `command` is empty. `term` is for $TERM or NULL.
int child_start(struct child *child, const char *command, const char *term, enum child_terminal terminal,
		enum child_errors errors);
// Whether it has ended, and then its exit status as a shell tells it (128 + signal). Asks once only:
// after true the child is gone from the books.
bool child_ended(struct child *child, int *status);
// Closes our ends and forgets the child; children_reap() sees to its end.
void child_release(struct child *child);
// As child_release(), telling its whole session by SIGHUP that nobody listens any more.
void child_hang_up(struct child *child);
// After SIGCHLD: buries released children.
void children_reap(void);
// SIGHUP to all that still run: the host has gone.
void children_hang_up(void);
