// lmkd-apps: kills a process of an app as the agent kills its victims, and samples free memory. See USAGE.
#include <string.h>
#include <unistd.h>

#include "failure.h"
#include "kill.h"
#include "stop.h"
#include "text.h"
#include "watch.h"
#include "wire.h"

static const char USAGE[] =
	"Usage: lmkd-apps kill pid=N start_ticks=N arm=NAME delay_us=N timeout_ms=N\n"
	"           kills that process of this user (of any user as root) if its start time in /proc/PID/stat matches\n"
	"       lmkd-apps watch idle_ms=N limit_ms=N\n"
	"           samples free memory until SIGTERM, or for limit_ms; prints \"watching\" after idle_ms\n"
	"Two commands, because the user of an app may not read /proc/zoneinfo, and adb's shell may not kill an app.\n"
	"Answers are JSON objects, one per line; all times are CLOCK_MONOTONIC.\n"
	"Exit status: 0 done, 1 failed (an \"error\" line gives the reason), 2 wrong usage.\n";

enum { WORDS_SIZE = 512 };

static int usage(void)
{
	return write(STDERR_FILENO, USAGE, sizeof(USAGE) - 1) < 0 ? 1 : 2;
}

static int join_words(int count, char **words, char text[WORDS_SIZE])
{
	size_t used = 0;
	text[0] = '\0';
	for (int i = 0; i < count; i++) {
		used += text_format(text + used, WORDS_SIZE - used, "%s ", words[i]);
		if (used >= WORDS_SIZE)
			return refused("the arguments are longer than %d bytes", (int)WORDS_SIZE);
	}
	return 0;
}

static int run_kill(char *words)
{
	struct kill_plan plan;
	return kill_plan_parse(words, &plan) < 0 ? -1 : kill_carry_out(&plan);
}

static int run_watch(char *words)
{
	struct watch_plan plan;
	return watch_plan_parse(words, &plan) < 0 ? -1 : watch_carry_out(&plan);
}

int main(int count, char **words)
{
	char text[WORDS_SIZE];
	const char *verb = count >= 2 ? words[1] : "";
	int (*run)(char *) = strcmp(verb, "kill") == 0 ? run_kill : strcmp(verb, "watch") == 0 ? run_watch : NULL;
	if (run == NULL)
		return usage();
	if (stop_on_signals() < 0 || join_words(count - 2, words + 2, text) < 0 || run(text) < 0)
		return wire_error();
	return 0;
}
