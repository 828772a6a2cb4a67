// Why processes ended, as the stand-in system_server remembers it (AOSP AppExitInfoTracker).
#pragma once

#include <stdio.h>

#include "apps.h"

enum { EXIT_SELF = 1, SIGNALED = 2, LOW_MEMORY = 3, CRASH_NATIVE = 5, USER_REQUESTED = 10 };
enum { FORCE_STOP = 21, KILL_BACKGROUND = 24 };

struct exit_cause {
	int reason, subreason, status;
	const char *description;
};

void exit_note(const struct app *app, struct exit_cause cause);
// lmkd tells that it was the one. Before or after the death is seen: both come.
void exit_by_lmkd(pid_t pid, long rss_kb);
// Of one package, or with "" of all.
void exits_clear(const char *package);
void exits_print(const char *package, FILE *out);
