// A target that is dumping core.
#include "coredump.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "case.h"
#include "process.h"
#include "text.h"
#include "text_file.h"

#define CORE_PATTERN "/proc/sys/kernel/core_pattern"
#define CORE_BEGUN "/data/local/tmp/core-begun"

static void set_core_pattern(const char *pattern)
{
	if (write_text(CORE_PATTERN, pattern) < 0)
		die_failed();
}

// The kernel starts this with the dump on stdin. It does not read the dump, so the dump lasts until the case closes its
// end of the pipe that gets the "b".
int receive_core(void)
{
	int begun = open(CORE_BEGUN, O_WRONLY | O_CLOEXEC);
	if (begun < 0 || write(begun, "b", 1) != 1)
		return 1;
	struct pollfd reader = { .fd = begun };
	return poll(&reader, 1, -1) < 0;
}

static void case_coredump(unsigned int flags)
{
	char program[200], pattern[300], byte;
	ssize_t length = readlink("/proc/self/exe", program, sizeof(program) - 1);
	if (length < 0)
		die("readlink /proc/self/exe");
	program[length] = '\0';
	text_format(pattern, sizeof(pattern), "|%s " CORE_RECEIVER "\n", program);
	if (unlink(CORE_BEGUN) < 0 && errno != ENOENT)
		die("unlink " CORE_BEGUN);
	if (mkfifo(CORE_BEGUN, 0600) < 0)
		die("mkfifo");
	struct process target = spawn_target_that(abort);
	set_core_pattern(pattern);
	start_act(&target);
	int begun = open(CORE_BEGUN, O_RDONLY | O_CLOEXEC);
	if (begun < 0 || read(begun, &byte, 1) != 1)
		die("wait for the core dump");
	report("ret", mrelease(target.pidfd, flags));
	set_core_pattern("core\n");
	close(begun);
	await_end(&target);
}
CASE(case_coredump, "coredump");
