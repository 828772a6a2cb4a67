// Checks a process in /proc before it is killed.
#include "target.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "failure.h"
#include "sys.h"
#include "text.h"
#include "text_file.h"

enum { PATH_SIZE = 48, STAT_SIZE = 1024, STATE_FIELD = 3, STARTTIME_FIELD = 22 };

static const char *path_of(pid_t pid, const char *file, char path[PATH_SIZE])
{
	text_format(path, PATH_SIZE, "/proc/%d/%s", (int)pid, file);
	return path;
}

// The name, the field before the state, may contain any character, including brackets and blanks. -1 with failed().
static int64_t start_ticks_of(pid_t pid)
{
	char path[PATH_SIZE], text[STAT_SIZE];
	if (read_text(path_of(pid, "stat", path), text, sizeof(text)) < 0)
		return -1;
	char *at = strrchr(text, ')');
	for (int field = STATE_FIELD - 1; at != NULL && field < STARTTIME_FIELD; field++)
		at = strchr(at + 1, ' ');
	return at != NULL ? strtoll(at, NULL, 10) : refused("%s has an unexpected format", path);
}

static int has_ended(int pidfd)
{
	struct pollfd exit = { .fd = pidfd, .events = POLLIN };
	return poll(&exit, 1, 0) != 0;
}

static int check(pid_t pid, int pidfd, int64_t start_ticks)
{
	char path[PATH_SIZE];
	int64_t actual_ticks = start_ticks_of(pid);
	if (actual_ticks < 0)
		return -1;
	if (actual_ticks != start_ticks)
		return refused("process %d began at %lld, not at %lld: it is another, and is left alone", (int)pid,
			       (long long)actual_ticks, (long long)start_ticks);
	int64_t owner = read_keyed_number(path_of(pid, "status", path), "Uid");
	if (geteuid() != 0 && owner != (int64_t)getuid())
		return refused("process %d belongs to user %lld, and this runs as %u: it is left alone", (int)pid,
			       (long long)owner, (unsigned int)getuid());
	if (has_ended(pidfd))
		return refused("process %d has already exited", (int)pid);
	return 0;
}

// Opens the pidfd first: a process in /proc with that start time is then the process of the pidfd.
int target_open(pid_t pid, int64_t start_ticks)
{
	int pidfd = sys_pidfd_open(pid);
	if (pidfd < 0)
		return failed("open process %d", (int)pid);
	if (check(pid, pidfd, start_ticks) == 0)
		return pidfd;
	close(pidfd);
	return -1;
}

void target_look(pid_t pid, struct held *held)
{
	char path[PATH_SIZE];
	path_of(pid, "status", path);
	held->rss_kb = read_keyed_number(path, "VmRSS");
	held->anon_kb = read_keyed_number(path, "RssAnon");
	held->swap_kb = read_keyed_number(path, "VmSwap");
	held->private_dirty_kb = read_keyed_number(path_of(pid, "smaps_rollup", path), "Private_Dirty");
}
