// Starts, signals and reaps the programs that hosts ask for.
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fd.h"
#include "report.h"

#define CHILDREN_MAX 128
#define SHELL "/bin/sh"
#define NO_EXEC_STATUS 127

// A pid stays in the table, and may be signalled, until waitpid() has returned it: only then may the kernel reuse the
// number.
static struct {
	pid_t pid;
	bool released;
} books[CHILDREN_MAX];

static sigset_t children_mask;
static char children_oom_score[16];

void children_prepare(void)
{
	sigprocmask(SIG_SETMASK, NULL, &children_mask);
	FILE *score = fopen("/proc/self/oom_score_adj", "re");
	if (score == NULL)
		return; // without the file there is no score to pass on
	if (fgets(children_oom_score, sizeof(children_oom_score), score) == NULL)
		children_oom_score[0] = '\0';
	fclose(score);
}

static int free_entry(void)
{
	for (int i = 0; i < CHILDREN_MAX; i++)
		if (books[i].pid == 0)
			return i;
	errno = EAGAIN;
	return -1;
}

static void strike_out(pid_t pid)
{
	for (int i = 0; i < CHILDREN_MAX; i++)
		if (books[i].pid == pid)
			books[i].pid = 0;
}

// Signals the whole session, or only the child if it has not created the session yet.
static void hang_up(pid_t pid)
{
	if (kill(-pid, SIGHUP) < 0 && errno == ESRCH)
		kill(pid, SIGHUP);
}

static int set_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);
	return flags < 0 ? -1 : fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

static void restore_oom_score(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (write(fd, children_oom_score, strlen(children_oom_score)) < 0)
		perror("lmkd-adbd: oom_score_adj"); // the command runs anyway
	close(fd);
}

// Runs in the child: makes `ends` its standard streams. Never returns.
__attribute__((noreturn)) static void become(const char *command, const char *term, const int ends[3])
{
	signal(SIGPIPE, SIG_DFL);
	signal(SIGHUP, SIG_DFL); // SIGHUP announces a closed stream; nohup(1) may have made the daemon ignore it
	sigprocmask(SIG_SETMASK, &children_mask, NULL);
	for (int i = 0; i < 3; i++)
		if (dup2(ends[i], i) < 0)
			_exit(NO_EXEC_STATUS);
	restore_oom_score();
	if (term != NULL)
		setenv("TERM", term, 1);
	if (command[0] == '\0')
		execl(SHELL, "-sh", (char *)NULL);
	else
		execl(SHELL, "sh", "-c", command, (char *)NULL);
	perror("lmkd-adbd: " SHELL);
	_exit(NO_EXEC_STATUS);
}

static pid_t fork_noted(void)
{
	int entry = free_entry();
	pid_t pid = entry < 0 ? -1 : fork();
	if (pid == 0)
		setsid(); // cannot fail: a new child leads no group
	if (pid > 0) {
		books[entry].pid = pid;
		books[entry].released = false;
	}
	return pid;
}

static int start_on_terminal(struct child *child, const char *command, const char *term)
{
	char name[64];
	child->input = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (child->input < 0 || unlockpt(child->input) < 0 || ptsname_r(child->input, name, sizeof(name)) != 0)
		return failed("open a terminal");
	child->output = fcntl(child->input, F_DUPFD_CLOEXEC, 0);
	if (child->output < 0)
		return failed("open a terminal");
	child->pid = fork_noted();
	if (child->pid == 0) {
		int own = open(name, O_RDWR); // the first terminal of the session becomes its controlling terminal
		become(command, term, (int[]){ own, own, own });
	}
	return child->pid < 0 ? failed("start a shell") : 0;
}

static int open_pipes(struct child *child, int ends[3], enum child_errors errors)
{
	int in[2];
	int out[2];
	int err[2];
	if (pipe2(in, O_CLOEXEC) < 0)
		return -1;
	ends[0] = in[0];
	child->input = in[1];
	if (pipe2(out, O_CLOEXEC) < 0)
		return -1;
	child->output = out[0];
	ends[1] = out[1];
	if (errors == OWN_ERRORS) {
		if (pipe2(err, O_CLOEXEC) < 0)
			return -1;
		child->errors = err[0];
		ends[2] = err[1];
	}
	return set_nonblocking(child->input) < 0 || set_nonblocking(child->output) < 0 ||
			       (child->errors >= 0 && set_nonblocking(child->errors) < 0) ? -1 : 0;
}

static int start_on_pipes(struct child *child, const char *command, const char *term, enum child_errors errors)
{
	int ends[3] = { -1, -1, -1 };
	if (open_pipes(child, ends, errors) == 0)
		child->pid = fork_noted();
	if (child->pid == 0)
		become(command, term, (int[]){ ends[0], ends[1], errors == OWN_ERRORS ? ends[2] : ends[1] });
	int result = child->pid < 0 ? failed("start a command") : 0;
	for (int i = 0; i < 3; i++)
		close_fd(&ends[i]);
	return result;
}

static void close_ends(struct child *child)
{
	close_fd(&child->input);
	close_fd(&child->output);
	close_fd(&child->errors);
}

int child_start(struct child *child, const char *command, const char *term, enum child_terminal terminal,
		enum child_errors errors)
{
	*child = (struct child){ .pid = -1, .input = -1, .output = -1, .errors = -1 };
	int result = terminal == WITH_TERMINAL ? start_on_terminal(child, command, term) :
						 start_on_pipes(child, command, term, errors);
	if (result < 0)
		close_ends(child);
	return result;
}

bool child_ended(struct child *child, int *status)
{
	int raw;
	if (child->pid <= 0 || waitpid(child->pid, &raw, WNOHANG) != child->pid)
		return false;
	strike_out(child->pid);
	child->pid = -1;
	*status = WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw);
	return true;
}

void child_release(struct child *child)
{
	close_ends(child);
	for (int i = 0; i < CHILDREN_MAX; i++)
		if (child->pid > 0 && books[i].pid == child->pid)
			books[i].released = true;
	child->pid = -1;
	children_reap();
}

void child_hang_up(struct child *child)
{
	if (child->pid > 0)
		hang_up(child->pid);
	child_release(child);
}

void children_reap(void)
{
	for (int i = 0; i < CHILDREN_MAX; i++)
		if (books[i].pid > 0 && books[i].released && waitpid(books[i].pid, NULL, WNOHANG) == books[i].pid)
			books[i].pid = 0;
}

void children_hang_up(void)
{
	for (int i = 0; i < CHILDREN_MAX; i++)
		if (books[i].pid > 0)
			hang_up(books[i].pid);
}
