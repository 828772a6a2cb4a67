// The apps that the stand-in system_server runs, the one in the foreground first, and their oom_score_adj.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { MAX_APPS = 64, APP_NAME_SIZE = 128, MAX_EXTRAS = 16 };

struct app {
	pid_t pid;
	uid_t uid;
	int adj;
	long rss_kb; // when last seen
	char package[APP_NAME_SIZE];
};

struct app *app_find(const char *package);
struct app *app_of_pid(pid_t pid);
// Starts its process, with extras as "name=value", in the foreground. NULL with errno.
struct app *app_start(const char *package, uid_t uid, char **extras);
void app_to_front(struct app *app);
void apps_home(void);
void app_forget(struct app *app);
// Tells lmkd each app's oom_score_adj: of those that changed, or (after a reconnection) of all.
void apps_tell(bool all);
