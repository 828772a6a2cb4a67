// lmkd-conformance CASE FLAGS: brings a process into a state, calls process_mrelease(2) with FLAGS on it, and
// prints the result of the call and the fate of the process, one line each. It judges nothing:
// suites/conformance/answers.py lists the answers required of each kernel.
//
// Without root it cannot see which memory was freed, and skips some cases. Exit status: 0 the case ran, 1 it could
// not run, 2 wrong usage.
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "case.h"
#include "coredump.h"
#include "process.h"

static const char USAGE[] = "Usage: lmkd-conformance CASE FLAGS\n";

DECLARE_REGISTRY(lmkd_cases);

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], CORE_RECEIVER) == 0)
		return receive_core();
	signal(SIGPIPE, SIG_IGN); // the pidfd shows that a process has ended
	const struct conformance_case *chosen = argc == 3 ? registry_find(REGISTRY(lmkd_cases), argv[1]) : NULL;
	if (chosen == NULL)
		return write(STDERR_FILENO, USAGE, sizeof(USAGE) - 1) < 0 ? 1 : 2;
	chosen->run((unsigned int)strtoul(argv[2], NULL, 0));
	end_processes();
	return 0;
}
