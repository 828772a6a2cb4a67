// Why processes ended, as the stand-in system_server remembers it (AOSP AppExitInfoTracker, ApplicationExitInfo).
#include "exits.h"

#include <signal.h>
#include <string.h>
#include <time.h>

enum { MAX_EXITS = 256, MAX_KILLS = 64, JOIN_S = 10, PER_PACKAGE = 16 };

static struct exit_record {
	struct app app;
	struct exit_cause cause;
	struct timespec when;
} exits[MAX_EXITS]; // the oldest first
static size_t used;

static struct {
	pid_t pid;
	long rss_kb;
	struct timespec when;
} kills[MAX_KILLS]; // that lmkd told of, around and around
static size_t next_kill;

static bool is_recent(struct timespec when)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec - when.tv_sec <= JOIN_S;
}

static bool is_sigkill(const struct exit_record *record)
{
	return record->cause.reason == SIGNALED && record->cause.status == SIGKILL;
}

static void join(struct exit_record *record)
{
	for (size_t i = 0; i < MAX_KILLS; i++)
		if (kills[i].pid == record->app.pid && is_recent(kills[i].when) && is_sigkill(record)) {
			record->cause = (struct exit_cause){ .reason = LOW_MEMORY };
			record->app.rss_kb = kills[i].rss_kb;
			kills[i].pid = 0;
		}
}

static void drop(size_t place)
{
	memmove(exits + place, exits + place + 1, (used - place - 1) * sizeof(*exits));
	used--;
}

void exit_note(const struct app *app, struct exit_cause cause)
{
	if (used == MAX_EXITS)
		drop(0);
	struct exit_record *record = &exits[used++];
	*record = (struct exit_record){ .app = *app, .cause = cause };
	clock_gettime(CLOCK_REALTIME, &record->when);
	join(record);
}

void exit_by_lmkd(pid_t pid, long rss_kb)
{
	kills[next_kill % MAX_KILLS].pid = pid;
	kills[next_kill % MAX_KILLS].rss_kb = rss_kb;
	clock_gettime(CLOCK_REALTIME, &kills[next_kill % MAX_KILLS].when);
	next_kill++;
	for (size_t i = used; i > 0; i--)
		if (exits[i - 1].app.pid == pid && is_recent(exits[i - 1].when)) {
			join(&exits[i - 1]);
			return;
		}
}

void exits_clear(const char *package)
{
	for (size_t i = used; i > 0; i--)
		if (*package == '\0' || strcmp(exits[i - 1].app.package, package) == 0)
			drop(i - 1);
}

static const char *reason_name(int reason)
{
	switch (reason) {
	case EXIT_SELF: return "EXIT_SELF";
	case SIGNALED: return "SIGNALED";
	case LOW_MEMORY: return "LOW_MEMORY";
	case CRASH_NATIVE: return "APP CRASH(NATIVE)";
	case USER_REQUESTED: return "USER REQUESTED";
	default: return "UNKNOWN";
	}
}

static const char *subreason_name(int subreason)
{
	switch (subreason) {
	case FORCE_STOP: return "FORCE STOP";
	case KILL_BACKGROUND: return "KILL BACKGROUND";
	default: return "UNKNOWN";
	}
}

// As AOSP's DebugUtils.sizeValueToString: 0.00, 131MB, 2.5GB.
static void print_size(long size_kb, FILE *out)
{
	static const char *const units[] = { "", "KB", "MB", "GB" };
	double size = (double)size_kb * 1024;
	size_t unit = 0;
	for (; size > 900 && unit < 3; unit++)
		size /= 1024;
	fprintf(out, size < 1 ? "%.2f%s" : size < 10 ? "%.1f%s" : "%.0f%s", size, units[unit]);
}

static void print_time(struct timespec when, FILE *out)
{
	char moment[32];
	struct tm parts;
	localtime_r(&when.tv_sec, &parts);
	strftime(moment, sizeof(moment), "%Y-%m-%d %H:%M:%S", &parts);
	fprintf(out, "%s.%03ld", moment, when.tv_nsec / 1000000);
}

static void print_one(const struct exit_record *record, int number, FILE *out)
{
	const struct app *app = &record->app;
	const struct exit_cause *cause = &record->cause;
	unsigned int uid = (unsigned int)app->uid;
	fprintf(out, "        ApplicationExitInfo #%d:\n          timestamp=", number);
	print_time(record->when, out);
	fprintf(out, " pid=%d realUid=%u packageUid=%u definingUid=%u user=0\n", (int)app->pid, uid, uid, uid);
	fprintf(out, "          process=%s reason=%d (%s) subreason=%d (%s) status=%d\n", app->package, cause->reason,
		reason_name(cause->reason), cause->subreason, subreason_name(cause->subreason), cause->status);
	fprintf(out, "          importance=%d pss=0.00 rss=", app->adj < 100 ? 100 : 400);
	print_size(app->rss_kb, out);
	fprintf(out, " description=%s state=empty trace=null\n",
		cause->description == NULL ? "null" : cause->description);
}

static void print_package(const char *package, FILE *out)
{
	int number = 0;
	for (size_t i = used; i > 0 && number < PER_PACKAGE; i--) {
		const struct exit_record *record = &exits[i - 1];
		if (strcmp(record->app.package, package) != 0)
			continue;
		if (number == 0)
			fprintf(out, "  package: %s\n    Historical Process Exit for uid=%u\n", package,
				(unsigned int)record->app.uid);
		print_one(record, number++, out);
	}
}

static bool is_first_of_package(size_t place)
{
	for (size_t i = 0; i < place; i++)
		if (strcmp(exits[i].app.package, exits[place].app.package) == 0)
			return false;
	return true;
}

void exits_print(const char *package, FILE *out)
{
	fprintf(out, "ACTIVITY MANAGER PROCESS EXIT INFO (dumpsys activity exit-info)\n"
		     "Last Timestamp of Persistence Into Persistent Storage: 1970-01-01 00:00:00.000\n");
	for (size_t i = 0; i < used; i++)
		if (is_first_of_package(i) && (*package == '\0' || strcmp(exits[i].app.package, package) == 0))
			print_package(exits[i].app.package, out);
}
