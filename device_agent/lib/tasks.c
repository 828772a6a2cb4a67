// Reads /proc/PID/task.
#include "tasks.h"

#include <stdlib.h>

#include "folder.h"
#include "text.h"

struct visit {
	int (*action)(pid_t tid, void *argument);
	void *argument;
};

static int visit_task(const char *name, void *argument)
{
	const struct visit *visit = argument;
	return visit->action((pid_t)atoi(name), visit->argument);
}

int for_each_task(pid_t pid, int (*action)(pid_t tid, void *argument), void *argument)
{
	char path[40];
	struct visit visit = { .action = action, .argument = argument };
	text_format(path, sizeof(path), "/proc/%d/task", (int)pid);
	return folder_each(path, visit_task, &visit);
}
