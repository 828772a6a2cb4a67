// frozen-v1, frozen-v2: the cgroup of the victim is frozen, like those of cached apps on Android. A v1 freezer keeps a
// killed task and its memory until it is thawed; a v2 freezer lets it die immediately. The flag gains nothing with
// either: the frozen task still has its mm, so process_mrelease(pidfd, 0) finds it.
#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "failure.h"
#include "group.h"
#include "text.h"
#include "text_file.h"
#include "stall.h"

static const int64_t FREEZE_WAIT_NS = 2 * NS_PER_S;

static char folder[GROUP_PATH_SIZE];

static int set(const char *file, const char *value)
{
	char path[GROUP_PATH_SIZE + 32];
	text_format(path, sizeof(path), "%s/%s", folder, file);
	return write_text(path, value);
}

// Neither freezer sends notifications, so this polls its state file.
static int await_state(const char *file, const char *state)
{
	char path[GROUP_PATH_SIZE + 32];
	char text[128];
	int64_t deadline_ns = now_ns() + FREEZE_WAIT_NS;
	text_format(path, sizeof(path), "%s/%s", folder, file);
	while (now_ns() < deadline_ns) {
		if (read_text(path, text, sizeof(text)) < 0)
			return -1;
		if (strstr(text, state) != NULL)
			return 0;
		sched_yield();
	}
	return refused("%s did not become \"%s\" in time", path, state);
}

static int hold_v2(const struct victim *victim)
{
	text_format(folder, sizeof(folder), "%s", victim->group.path);
	return set("cgroup.freeze", "1") < 0 ? -1 : await_state("cgroup.events", "frozen 1");
}

static int release_v2(void)
{
	return set("cgroup.freeze", "0");
}

static int possible_v2(void)
{
	const char *hierarchy = group_hierarchy();
	if (hierarchy == NULL)
		return -1;
	return strcmp(hierarchy, "v2") == 0 ? 0 : refused("the memory cgroups are v1, which have no v2 freezer");
}

static int find_v1(char *path, size_t size)
{
	return group_find_v1_mount("freezer", path, size);
}

static int possible_v1(void)
{
	char path[GROUP_PATH_SIZE];
	if (find_v1(path, sizeof(path)) < 0)
		return -1;
	return access(path, W_OK) < 0 ? failed("create cgroups in %s", path) : 0;
}

static int hold_v1(const struct victim *victim)
{
	char mount[GROUP_PATH_SIZE / 2];
	char pid[16];
	if (find_v1(mount, sizeof(mount)) < 0)
		return -1;
	text_format(folder, sizeof(folder), "%s/lmkd-agent-%d", mount, (int)getpid());
	if (mkdir(folder, 0755) < 0 && errno != EEXIST)
		return failed("create the cgroup %s", folder);
	text_format(pid, sizeof(pid), "%d", (int)victim->pid);
	if (set("cgroup.procs", pid) < 0 || set("freezer.state", "FROZEN") < 0)
		return -1;
	return await_state("freezer.state", "FROZEN");
}

static int release_v1(void)
{
	return set("freezer.state", "THAWED");
}

static int end_v1(void)
{
	if (rmdir(folder) < 0 && errno != ENOENT)
		return failed("remove the cgroup %s", folder);
	return 0;
}

static const struct stall stall_frozen_v1 = {
	.name = "frozen-v1", .possible = possible_v1, .hold = hold_v1, .release = release_v1, .end = end_v1
};
REGISTER_STALL(stall_frozen_v1);

static const struct stall stall_frozen_v2 = {
	.name = "frozen-v2", .possible = possible_v2, .hold = hold_v2, .release = release_v2
};
REGISTER_STALL(stall_frozen_v2);
