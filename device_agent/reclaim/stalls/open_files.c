// open-files: the control for the holders. Open files of the victim in /proc that are not being read keep only the
// mm_struct (mm_count), never the memory.
#include <unistd.h>

#include "failure.h"
#include "proc_read.h"
#include "stall.h"

static const char *const NAMES[] = { "mem", "maps", "smaps", "pagemap" };

enum { FILE_COUNT = sizeof(NAMES) / sizeof(NAMES[0]) };

static int fds[FILE_COUNT];
static size_t open_count;

static int end(void)
{
	while (open_count > 0)
		close(fds[--open_count]);
	return 0;
}

static int hold(const struct victim *victim)
{
	for (size_t i = 0; i < FILE_COUNT; i++) {
		int fd = proc_open(victim->pid, NAMES[i]);
		if (fd < 0)
			return failed("open /proc/%d/%s", (int)victim->pid, NAMES[i]);
		fds[open_count++] = fd;
	}
	return 0;
}

static const struct stall stall_open_files = { .name = "open-files", .hold = hold, .end = end };
REGISTER_STALL(stall_open_files);
