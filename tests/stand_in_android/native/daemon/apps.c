// The apps that the stand-in system_server runs, and their oom_score_adj (AOSP ProcessList, OomAdjuster).
#include "apps.h"

#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "link.h"
#include "packages.h"
#include "proc_files.h"

#define APP_PROGRAM "/system/bin/stand-in-app"

enum { FOREGROUND = 0, PREVIOUS = 700, CACHED_MIN = 900, CACHED_STEP = 5, CACHED_MAX = 999, NOT_TOLD = -10000 };

static struct app apps[MAX_APPS]; // the one used last is first
static size_t used;
static bool is_front; // the first is in the foreground, not HOME

struct app *app_find(const char *package)
{
	for (size_t i = 0; i < used; i++)
		if (strcmp(apps[i].package, package) == 0)
			return &apps[i];
	return NULL;
}

struct app *app_of_pid(pid_t pid)
{
	for (size_t i = 0; i < used; i++)
		if (apps[i].pid == pid)
			return &apps[i];
	return NULL;
}

static int adj_of(size_t place)
{
	if (is_front && place == 0)
		return FOREGROUND;
	size_t behind = place - (is_front ? 1 : 0);
	if (behind == 0)
		return PREVIOUS;
	size_t adj = CACHED_MIN + (behind - 1) * CACHED_STEP;
	return adj < CACHED_MAX ? (int)adj : CACHED_MAX;
}

void apps_tell(bool all)
{
	for (size_t i = 0; i < used; i++) {
		int adj = adj_of(i);
		if (adj == apps[i].adj && !all)
			continue;
		apps[i].adj = adj;
		long rss_kb = rss_kb_of(apps[i].pid);
		apps[i].rss_kb = rss_kb > 0 ? rss_kb : apps[i].rss_kb;
		link_set_adj(apps[i].pid, apps[i].uid, adj);
	}
}

void app_to_front(struct app *app)
{
	struct app moved = *app;
	memmove(apps + 1, apps, (size_t)(app - apps) * sizeof(*apps));
	apps[0] = moved;
	is_front = true;
	apps_tell(false);
}

void apps_home(void)
{
	is_front = false;
	apps_tell(false);
}

void app_forget(struct app *app)
{
	is_front = is_front && app != apps;
	memmove(app, app + 1, (size_t)(apps + used - app - 1) * sizeof(*apps));
	used--;
	apps_tell(false);
}

// An app ends with its system_server, as with a real one.
static _Noreturn void become(const char *package, uid_t uid, char **extras)
{
	char folder[PACKAGE_PATH_SIZE], name[APP_NAME_SIZE];
	char *const words[] = { name, NULL };
	sigset_t none;
	sigemptyset(&none);
	snprintf(name, sizeof(name), "%s", package);
	package_folder(package, folder);
	if (sigprocmask(SIG_SETMASK, &none, NULL) == 0 && setsid() >= 0 &&
	    write_file("/proc/self/oom_score_adj", "0") && setgroups(0, NULL) == 0 &&
	    setresgid(uid, uid, uid) == 0 && setresuid(uid, uid, uid) == 0 && chdir(folder) == 0 &&
	    prctl(PR_SET_PDEATHSIG, SIGKILL) == 0)
		execve(APP_PROGRAM, words, extras);
	_exit(127);
}

struct app *app_start(const char *package, uid_t uid, char **extras)
{
	if (used == MAX_APPS) {
		errno = ENOSPC;
		return NULL;
	}
	pid_t pid = fork();
	if (pid < 0)
		return NULL;
	if (pid == 0)
		become(package, uid, extras);
	struct app *app = &apps[used++];
	*app = (struct app){ .pid = pid, .uid = uid, .adj = NOT_TOLD };
	snprintf(app->package, sizeof(app->package), "%s", package);
	app_to_front(app);
	return &apps[0];
}
