// lmkd-conformance CASE FLAGS: brings a process into a state, calls process_mrelease(2) with FLAGS on it, and
// prints the result of the call and the fate of the process, one line each. It judges nothing: the host does.
// Exit status: 0 the case ran, 1 it could not run, 2 wrong usage, 4 this device cannot produce the case.
//
// lmkd-conformance --tap [--risky] [--variant NAME]: runs and judges all cases by itself (tap.h). --risky adds those that
// put the whole machine at risk; --variant judges by the answers of this variant, not of the detected one.
//
// Without root it cannot see which memory was freed, and skips some cases.
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "case.h"
#include "coredump.h"
#include "judge.h"
#include "process.h"
#include "tap.h"

static const char USAGE[] = "Usage: lmkd-conformance CASE FLAGS\n"
			    "       lmkd-conformance --tap [--risky] [--variant NAME]\n";

DECLARE_REGISTRY(lmkd_cases);

static int run_case(const struct conformance_case *chosen, const char *flags)
{
	chosen->run((unsigned int)strtoul(flags, NULL, 0));
	end_processes();
	return 0;
}

// Whether the arguments are those of --tap; stores the options.
static bool parse_tap(int argc, char **argv, struct tap_options *options)
{
	if (argc < 2 || strcmp(argv[1], "--tap") != 0)
		return false;
	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[i], "--risky") == 0)
			options->may_risk = true;
		else if (strcmp(argv[i], "--variant") == 0 && i + 1 < argc && is_known(argv[i + 1]))
			options->variant = argv[++i];
		else
			return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], CORE_RECEIVER) == 0)
		return receive_core();
	signal(SIGPIPE, SIG_IGN); // the pidfd shows that a process has ended
	struct tap_options options = { 0 };
	if (parse_tap(argc, argv, &options))
		return tap_run(&options);
	const struct conformance_case *chosen = argc == 3 ? registry_find(REGISTRY(lmkd_cases), argv[1]) : NULL;
	if (chosen != NULL)
		return run_case(chosen, argv[2]);
	return write(STDERR_FILENO, USAGE, sizeof(USAGE) - 1) < 0 ? 1 : 2;
}
