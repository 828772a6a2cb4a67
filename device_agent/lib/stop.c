// Sets a flag on a signal; the running trial then cleans up and ends.
#include "stop.h"

#include <signal.h>
#include <stddef.h>

#include "failure.h"

static volatile sig_atomic_t requested;

static void request(int signal_number)
{
	(void)signal_number;
	requested = 1;
}

int stop_on_signals(void)
{
	static const int ENDING[] = { SIGTERM, SIGINT, SIGHUP };
	const struct sigaction remember = { .sa_handler = request };
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	for (size_t i = 0; i < sizeof(ENDING) / sizeof(ENDING[0]); i++)
		if (sigaction(ENDING[i], &remember, NULL) < 0)
			return failed("catch signal %d", ENDING[i]);
	if (sigaction(SIGPIPE, &ignore, NULL) < 0) // write() reports a closed stdout
		return failed("ignore SIGPIPE");
	return 0;
}

bool stop_requested(void)
{
	return requested != 0;
}
