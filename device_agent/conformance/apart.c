// A child runs the case and prints to a pipe. The end of the pipe is the end of the case and of all its processes.
#include "apart.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "process.h"

enum { LIMIT_S = 30 }; // below the 45 s that kselftest's runner allows for a whole program; no case needs 5 s

static _Noreturn void run_and_exit(const struct conformance_case *chosen, unsigned int flags, int output)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || dup2(output, STDOUT_FILENO) < 0 || dup2(output, STDERR_FILENO) < 0)
		_exit(1);
	chosen->run(flags);
	end_processes();
	_exit(0);
}

// Whether there is something to read, or the end of the pipe, before end_ns.
static bool await_output(int fd, int64_t end_ns)
{
	struct pollfd output = { .fd = fd, .events = POLLIN };
	for (;;) {
		int64_t left_ms = (end_ns - now_ns()) / NS_PER_MS;
		int ready = left_ms <= 0 ? 0 : poll(&output, 1, (int)left_ms);
		if (ready >= 0 || errno != EINTR)
			return ready > 0;
	}
}

// Reads up to the end of the pipe; the rest of a longer text is dropped. False: the end did not come in time.
static bool read_all(int fd, char *text)
{
	int64_t end_ns = now_ns() + LIMIT_S * NS_PER_S;
	size_t used = 0;
	char rest[256];
	while (await_output(fd, end_ns)) {
		bool is_full = used == APART_TEXT_SIZE - 1;
		ssize_t length = read(fd, is_full ? rest : text + used, is_full ? sizeof(rest) : APART_TEXT_SIZE - 1 - used);
		if (length <= 0)
			return true;
		used += is_full ? 0 : (size_t)length;
		text[used] = '\0';
	}
	return false;
}

static int exit_status(pid_t pid)
{
	int status;
	if (waitpid(pid, &status, 0) < 0)
		die("waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void run_apart(const struct conformance_case *chosen, unsigned int flags, struct apart *result)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		die("pipe2");
	pid_t pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0)
		run_and_exit(chosen, flags, ends[1]);
	close(ends[1]);
	result->text[0] = '\0';
	bool has_ended = read_all(ends[0], result->text);
	close(ends[0]);
	if (!has_ended)
		kill(pid, SIGKILL); // not waited for: a call that hangs in the kernel may never end
	result->status = has_ended ? exit_status(pid) : APART_HUNG;
}
