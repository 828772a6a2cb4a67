// What the stand-in system_server does when a process ends: logs it, and remembers why.
#include "deaths.h"

#include <signal.h>
#include <sys/wait.h>

#include "link.h"
#include "log.h"

static struct exit_cause cause_of(int status)
{
	if (WIFEXITED(status))
		return (struct exit_cause){ .reason = EXIT_SELF, .status = WEXITSTATUS(status) };
	int signal_number = WTERMSIG(status);
	bool crashed = signal_number == SIGSEGV || signal_number == SIGBUS || signal_number == SIGABRT;
	return (struct exit_cause){ .reason = crashed ? CRASH_NATIVE : SIGNALED, .status = signal_number };
}

static void log_death(const struct app *app)
{
	enum { STATE_TOP = 2, STATE_CACHED_EMPTY = 19 };
	log_line("events", 'I', "am_proc_died", "[0,%d,%s,%d,%d]", (int)app->pid, app->package, app->adj,
		 app->adj == 0 ? STATE_TOP : STATE_CACHED_EMPTY);
	log_line("system", 'I', "ActivityManager", "Process %s (pid %d) has died: %s", app->package, (int)app->pid,
		 app->adj == 0 ? "fg  TOP" : "cch+5 CEM");
}

void death_note(struct app *app, struct exit_cause cause)
{
	log_death(app);
	exit_note(app, cause);
	link_forget(app->pid);
	app_forget(app);
}

void deaths_note(void)
{
	int status;
	for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
		struct app *app = app_of_pid(pid);
		if (app != NULL)
			death_note(app, cause_of(status));
	}
}
