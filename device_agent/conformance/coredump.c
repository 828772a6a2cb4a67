// A target that is dumping core.
#include "coredump.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "case.h"
#include "failure.h"
#include "process.h"
#include "text.h"
#include "text_file.h"

#define CORE_PATTERN "/proc/sys/kernel/core_pattern"
enum { FOLDER_SIZE = 200, PATTERN_SIZE = 128 }; // the kernel cuts a longer pattern (CORENAME_MAX_SIZE)

// The named pipe by which the receiver reports, beside this program.
static void set_pipe_path(char *path, size_t size)
{
	char folder[FOLDER_SIZE];
	if (own_folder(folder, sizeof(folder)) < 0)
		die_failed();
	text_format(path, size, "%s/core-begun", folder);
}

static void set_core_pattern(const char *pattern)
{
	if (write_text(CORE_PATTERN, pattern) < 0)
		die_failed();
}

// The kernel starts this with the dump on stdin. It does not read the dump, so the dump lasts until the case closes its
// end of the pipe that gets the "b".
int receive_core(void)
{
	char path[FOLDER_SIZE + 16];
	set_pipe_path(path, sizeof(path));
	int begun = open(path, O_WRONLY | O_CLOEXEC);
	if (begun < 0 || write(begun, "b", 1) != 1)
		return 1;
	struct pollfd reader = { .fd = begun };
	return poll(&reader, 1, -1) < 0;
}

// A core pattern that starts this program as the receiver.
static void make_pattern(char *pattern)
{
	char program[FOLDER_SIZE];
	ssize_t length = readlink("/proc/self/exe", program, sizeof(program) - 1);
	if (length < 0)
		die("readlink /proc/self/exe");
	program[length] = '\0';
	if (text_format(pattern, PATTERN_SIZE, "|%s " CORE_RECEIVER "\n", program) < PATTERN_SIZE)
		return;
	refused("the path of this program is too long for kernel.core_pattern");
	die_impossible();
}

static void make_pipe(const char *path)
{
	if (unlink(path) < 0 && errno != ENOENT)
		die("remove an old pipe");
	if (mkfifo(path, 0600) < 0)
		die("mkfifo");
}

static void case_coredump(unsigned int flags)
{
	char pattern[PATTERN_SIZE], usual_pattern[PATTERN_SIZE + 1], path[FOLDER_SIZE + 16], byte;
	make_pattern(pattern);
	set_pipe_path(path, sizeof(path));
	make_pipe(path);
	if (read_text(CORE_PATTERN, usual_pattern, sizeof(usual_pattern)) < 0)
		die_failed();
	struct process target = spawn_target_that(abort);
	set_core_pattern(pattern);
	start_act(&target);
	int begun = open(path, O_RDONLY | O_CLOEXEC);
	if (begun < 0 || read(begun, &byte, 1) != 1)
		die("wait for the core dump");
	report("ret", mrelease(target.pidfd, flags));
	set_core_pattern(usual_pattern);
	close(begun);
	unlink(path);
	await_end(&target);
}
CASE(case_coredump, "coredump");
