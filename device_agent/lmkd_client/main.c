// lmkd-client: sends commands to the lmkd of the device over its socket. See USAGE.
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "answer.h"
#include "clock.h"
#include "failure.h"
#include "lock.h"
#include "session.h"
#include "stop.h"

static const char USAGE[] =
	"Usage: lmkd-client --lock FILE [--socket PATH] [--timeout-ms N] COMMAND...\n"
	"Runs the commands in order: register:PID:UID:ADJ[:TYPE] remove:PID count:MIN_ADJ:MAX_ADJ update-props\n"
	"subscribe:kill subscribe:stat watch. TYPE: 0 app, 1 service. A MIN_ADJ of 1001 counts all kills. watch\n"
	"runs until standard input ends or a signal arrives. Answers are JSON objects, one per line. One process at\n"
	"a time holds the lock.\n"
	"Exit status: 0 done, 1 failed, 2 wrong usage, 3 lmkd closed the connection (an \"lmkd_error\" line gives the\n"
	"reason).\n";

enum {
	COMMANDS_MAX = 64,
	DEFAULT_TIMEOUT_MS = 5000, // lmkd's own watchdog reports a hang after 2 s
	LONGEST_TIMEOUT_MS = 60 * 1000,
};

struct options {
	const char *lock, *socket;
	long timeout_ms;
	struct command commands[COMMANDS_MAX];
	size_t count;
};

// Options are pairs of words before the commands. The index of the first command, or -1.
static int parse_options(int count, char **words, struct options *options)
{
	int at = 1;
	for (; at + 1 < count && strncmp(words[at], "--", 2) == 0; at += 2) {
		if (strcmp(words[at], "--lock") == 0)
			options->lock = words[at + 1];
		else if (strcmp(words[at], "--socket") == 0)
			options->socket = words[at + 1];
		else if (strcmp(words[at], "--timeout-ms") == 0)
			options->timeout_ms = strtol(words[at + 1], NULL, 10);
		else
			return -1;
	}
	bool timeout_fits = options->timeout_ms > 0 && options->timeout_ms <= LONGEST_TIMEOUT_MS;
	return options->lock != NULL && timeout_fits ? at : -1;
}

static int parse(int count, char **words, struct options *options)
{
	int first = parse_options(count, words, options);
	if (first < 0 || first == count || count - first > COMMANDS_MAX)
		return refused("expected --lock FILE and 1 to 64 commands");
	for (int i = first; i < count; i++)
		if (command_parse(words[i], &options->commands[options->count++]) < 0)
			return -1;
	return 0;
}

static int usage(void)
{
	answer_error("usage", EINVAL, failure_text());
	return write(STDERR_FILENO, USAGE, sizeof(USAGE) - 1) < 0 ? 1 : 2;
}

static enum outcome cannot(const char *call)
{
	answer_error(call, errno, failure_text());
	return OUTCOME_FAILED;
}

// Blocks the signals except while waiting for lmkd, so that none is lost between a check and the wait.
static int catch_signals(void)
{
	sigset_t ending;
	sigemptyset(&ending);
	sigaddset(&ending, SIGTERM);
	sigaddset(&ending, SIGINT);
	sigaddset(&ending, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &ending, NULL) < 0)
		return failed("block signals");
	return stop_on_signals();
}

static enum outcome run(const struct options *options)
{
	if (catch_signals() < 0)
		return cannot("sigaction");
	if (lock_take(options->lock) < 0)
		return cannot("lock");
	struct session session = { connection_open(options->socket), options->timeout_ms * NS_PER_MS };
	if (session.fd < 0)
		return cannot("connect");
	enum outcome outcome = OUTCOME_DONE;
	for (size_t i = 0; outcome == OUTCOME_DONE && i < options->count; i++)
		outcome = session_run(&session, &options->commands[i]);
	close(session.fd);
	return outcome;
}

int main(int count, char **words)
{
	static struct options options = { .socket = "/dev/socket/lmkd", .timeout_ms = DEFAULT_TIMEOUT_MS };
	if (parse(count, words, &options) < 0)
		return usage();
	return (int)run(&options);
}
