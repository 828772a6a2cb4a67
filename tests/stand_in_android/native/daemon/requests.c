// What scripts ask of the stand-in system_server, and the answers, in the words of AOSP's ActivityManagerShellCommand.
#include "requests.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ask.h"
#include "deaths.h"
#include "log.h"
#include "packages.h"

struct request {
	char *words[REQUEST_WORDS + 1];
	size_t count;
	char text[REQUEST_SIZE];
};

static bool receive(int fd, struct request *request)
{
	const struct timeval patience = { .tv_sec = 5 };
	size_t used = 0;
	ssize_t length;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0)
		return false;
	while ((length = read(fd, request->text + used, sizeof(request->text) - used)) > 0)
		used += (size_t)length;
	if (length < 0 || used == 0 || request->text[used - 1] != '\0')
		return false;
	for (size_t at = 0; at < used && request->count < REQUEST_WORDS; at += strlen(request->text + at) + 1)
		request->words[request->count++] = request->text + at;
	return true;
}

static const char *word(const struct request *request, size_t place)
{
	return place < request->count ? request->words[place] : "";
}

static long now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

// The package of a component, and the activity's full name.
static bool split(const char *component, char package[APP_NAME_SIZE], char activity[APP_NAME_SIZE * 2])
{
	const char *slash = strchr(component, '/');
	if (slash == NULL || (size_t)(slash - component) >= APP_NAME_SIZE)
		return false;
	snprintf(package, APP_NAME_SIZE, "%.*s", (int)(slash - component), component);
	snprintf(activity, (size_t)APP_NAME_SIZE * 2, "%s%s", slash[1] == '.' ? package : "", slash + 1);
	return true;
}

static int kill_app(const char *package, struct exit_cause cause, const char *why)
{
	struct app *app = app_find(package);
	int status;
	if (app == NULL)
		return 0;
	log_line("events", 'I', "am_kill", "[0,%d,%s,%d,%s]", (int)app->pid, app->package, app->adj, why);
	if (kill(app->pid, SIGKILL) == 0 && waitpid(app->pid, &status, 0) == app->pid)
		death_note(app, cause);
	return 0;
}

static int force_stop(const char *package)
{
	char why[APP_NAME_SIZE + 64];
	const struct exit_cause cause = { USER_REQUESTED, FORCE_STOP, 0, "[FORCE STOP] stop due to from shell" };
	snprintf(why, sizeof(why), "stop %s due to from pid %d", package, (int)getpid());
	return kill_app(package, cause, why);
}

// am kill: only what is in the background.
static int kill_background(const char *package)
{
	const struct exit_cause cause = { USER_REQUESTED, KILL_BACKGROUND, 0, "kill background" };
	const struct app *app = app_find(package);
	return app != NULL && app->adj > 0 ? kill_app(package, cause, "kill background") : 0;
}

static void print_started(const char *component, const char *state, long took_ms, FILE *out)
{
	fprintf(out, "Status: ok\nLaunchState: %s\nActivity: %s\nTotalTime: %ld\nWaitTime: %ld\nComplete\n", state,
		component, took_ms, took_ms + 2);
}

// start COMPONENT wait|no-wait EXTRA=VALUE...
static int start(struct request *request, FILE *out)
{
	char package[APP_NAME_SIZE], activity[APP_NAME_SIZE * 2];
	const char *component = word(request, 1);
	bool waits = strcmp(word(request, 2), "wait") == 0;
	long begun_ms = now_ms();
	uid_t uid = split(component, package, activity) ? package_uid(package) : 0;
	if (uid == 0) {
		fprintf(out, "Error type 3\nError: Activity class {%s/%s} does not exist.\n", package, activity);
		return 1;
	}
	struct app *app = app_find(package);
	if (app != NULL) {
		bool is_front = app->adj == 0;
		app_to_front(app);
		fprintf(out, "Warning: Activity not started, %s\n",
			is_front ? "intent has been delivered to currently running top-most instance." :
				   "its current task has been brought to the front");
		if (waits)
			print_started(component, "HOT", now_ms() - begun_ms, out);
		return 0;
	}
	app = app_start(package, uid, request->words + (request->count < 3 ? request->count : 3));
	if (app == NULL) {
		fprintf(out, "Error: %s\n", strerror(errno));
		return 1;
	}
	log_line("events", 'I', "am_proc_start", "[0,%d,%u,%s,next-top-activity,{%s}]", (int)app->pid,
		 (unsigned int)uid, package, component);
	if (waits)
		print_started(component, "COLD", now_ms() - begun_ms, out);
	return 0;
}

static int dispatch(struct request *request, FILE *out)
{
	const char *what = word(request, 0);
	if (strcmp(what, "start") == 0)
		return start(request, out);
	if (strcmp(what, "home") == 0)
		apps_home();
	else if (strcmp(what, "force-stop") == 0)
		return force_stop(word(request, 1));
	else if (strcmp(what, "kill") == 0)
		return kill_background(word(request, 1));
	else if (strcmp(what, "exit-info") == 0)
		exits_print(word(request, 1), out);
	else if (strcmp(what, "clear-exit-info") == 0)
		exits_clear(word(request, 1));
	else {
		fprintf(out, "the stand-in system_server does not know %s\n", what);
		return 255;
	}
	return 0;
}

static bool send_all(int fd, const char *text, size_t size)
{
	while (size > 0) {
		ssize_t sent = send(fd, text, size, MSG_NOSIGNAL);
		if (sent < 0)
			return false;
		text += sent;
		size -= (size_t)sent;
	}
	return true;
}

void request_answer(int fd)
{
	struct request request = { 0 };
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	if (out != NULL && receive(fd, &request)) {
		char status = (char)dispatch(&request, out);
		if (fclose(out) == 0 && send_all(fd, &status, 1))
			send_all(fd, text, size);
	} else if (out != NULL) {
		fclose(out);
	}
	free(text);
	close(fd);
}
