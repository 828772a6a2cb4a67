// Charges the targets to one memory cgroup, the oracle of every case.
#include "target_memory.h"

#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "case.h"
#include "clock.h"
#include "failure.h"
#include "group.h"
#include "text.h"
#include "text_file.h"

enum { PATIENCE_S = 10 };

static struct group group;
static void *memory;

// Only root makes groups, where memory cgroups are mounted; without a group, nobody knows the charge of the targets.
static bool has_group(void)
{
	return group.path[0] != '\0';
}

static void make_group(void)
{
	if (has_group() || geteuid() != 0)
		return;
	group_remove_leftovers();
	if (group_hierarchy() == NULL)
		failure_clear();
	else if (group_create(&group, 1) < 0)
		die_failed();
}

static void set(const char *file, const char *value)
{
	char path[GROUP_PATH_SIZE + 32];
	text_format(path, sizeof(path), "%s/%s", group.path, file);
	if (write_text(path, value) < 0)
		die_failed();
}

static long charged_kb(void)
{
	long kb = (long)group_charged_kb(&group);
	if (kb < 0)
		die("read the charge of the targets");
	return kb;
}

const char *freed(void)
{
	static char other[32];
	if (!has_group())
		return "unknown";
	long kb = charged_kb();
	if (kb < TARGET_KB / 8)
		return "yes";
	if (kb >= TARGET_KB)
		return "no";
	text_format(other, sizeof(other), "%ld kB stay", kb);
	return other;
}

// The kernel does not notify when a charge falls, so this polls.
const char *freed_soon(void)
{
	int64_t end_ns = now_ns() + PATIENCE_S * NS_PER_S;
	while (has_group() && charged_kb() >= TARGET_KB / 8 && now_ns() < end_ns)
		sched_yield();
	return freed();
}

void keep_targets_out_of_swap(void)
{
	const char *hierarchy = group_hierarchy();
	if (hierarchy == NULL || strcmp(hierarchy, "v2") != 0) {
		refused("memory cgroups are v1");
		die_impossible();
	}
	make_group();
	set("memory.swap.max", "0");
}

void limit_targets_memory(long kb)
{
	char limit[32];
	text_format(limit, sizeof(limit), "%ldK", kb);
	keep_targets_out_of_swap();
	set("memory.max", limit);
}

void *target_memory(void)
{
	return memory;
}

void target_memory_reserve(void)
{
	make_group();
	memory = mmap(NULL, TARGET_KB * 1024, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		die("mmap");
}

void target_memory_touch(void)
{
	if (has_group() && group_enter(&group) < 0)
		die_failed();
	memset(memory, 0xa5, TARGET_KB * 1024);
}

void target_memory_end(void)
{
	if (has_group() && group_remove(&group) < 0)
		die_failed();
	group.path[0] = '\0';
	if (geteuid() == 0)
		group_leave_no_trace();
}
