// Reads exit_mmap events from a tracefs instance and identifies threads by name.
#include "teardown.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "holding.h"
#include "lines.h"
#include "reapers.h"
#include "text.h"
#include "victim.h"

static const char *const MOUNTS[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };

static char instance[96];

static const struct {
	const char *comm, *context;
} NAMES[] = {
	{ VICTIM_COMM, "victim" },
	{ REAPER_COMM, "reaper" },
	{ STALL_COMM, "stall" },
	{ "kworker", "kworker" },
};

// A trial works without traces, so errors here do not call failed().
static bool put(const char *file, const char *text, int flags)
{
	char path[160];
	text_format(path, sizeof(path), "%s/%s", instance, file);
	int fd = open(path, O_WRONLY | O_CLOEXEC | flags);
	if (fd < 0)
		return false;
	bool done = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return done;
}

void teardown_watch(void)
{
	for (size_t i = 0; i < sizeof(MOUNTS) / sizeof(MOUNTS[0]); i++) {
		text_format(instance, sizeof(instance), "%s/instances/lmkd-%d", MOUNTS[i], (int)getpid());
		if (mkdir(instance, 0700) == 0 && put("events/mmap/exit_mmap/enable", "1", 0))
			return;
		rmdir(instance);
	}
	instance[0] = '\0';
}

void teardown_forget(void)
{
	if (instance[0] != '\0')
		put("trace", "", O_TRUNC);
}

// A line of a trace: "     lmkd-victim-123     [001] .....     5.678901: exit_mmap: ...".
static const char *context_of(const char *line)
{
	line += strspn(line, " ");
	for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++)
		if (strncmp(line, NAMES[i].comm, strlen(NAMES[i].comm)) == 0)
			return NAMES[i].context;
	return "other";
}

// Other processes may exit meanwhile. The victim's mm ends once, so one of our threads has precedence.
static const char *read_trace(struct lines *trace)
{
	char *line;
	const char *context = "";
	while (lines_next(trace, &line) > 0) {
		if (line[0] == '#' || strstr(line, "exit_mmap:") == NULL)
			continue;
		const char *latest = context_of(line);
		bool is_ours = strcmp(latest, "other") != 0 && strcmp(latest, "kworker") != 0;
		if (is_ours || context[0] == '\0')
			context = latest;
	}
	return context;
}

const char *teardown_by(void)
{
	char path[128];
	struct lines trace;
	if (instance[0] == '\0')
		return "";
	text_format(path, sizeof(path), "%s/trace", instance);
	if (lines_open(&trace, path) < 0)
		return "";
	const char *context = read_trace(&trace);
	lines_close(&trace);
	return context;
}

void teardown_unwatch(void)
{
	if (instance[0] != '\0')
		rmdir(instance);
	instance[0] = '\0';
}
