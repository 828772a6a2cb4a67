// Keeps the kernel's files open and rereads them.
//
// A cgroup has no watermarks and no free memory of its own. Its free memory is the distance to its limit, and its
// watermarks are those of a machine of that size (mm/page_alloc.c, calculate_min_free_kbytes()).
#include "inputs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "failure.h"
#include "group.h"
#include "text_file.h"

enum { FREE_BUFFER = 4096, KB = 1024 };

enum file { MEMINFO, VMSTAT, PRESSURE, ZONEINFO, FREE, GROUP_EVENTS, FILE_COUNT };

#define PRESSURE_FILE "/proc/pressure/memory"

static const char *const OF_SYSTEM[FILE_COUNT] = {
	[MEMINFO] = "/proc/meminfo", [VMSTAT] = "/proc/vmstat", [PRESSURE] = PRESSURE_FILE,
	[ZONEINFO] = "/proc/zoneinfo", [FREE] = "/proc/meminfo",
};

// The meminfo of the system reports swap, which a cgroup shares.
static const char *const OF_GROUP[FILE_COUNT] = {
	[MEMINFO] = "/proc/meminfo", [VMSTAT] = "memory.stat", [PRESSURE] = "memory.pressure",
	[FREE] = "memory.current", [GROUP_EVENTS] = "memory.events",
};

static int fds[FILE_COUNT] = { -1, -1, -1, -1, -1, -1 };
static int64_t limit_kb; // 0: the whole system
static char content[64 * KB]; // for the main thread; a zoneinfo with many zones and CPUs is the longest

static const char *name_of(enum file file)
{
	return limit_kb == 0 ? OF_SYSTEM[file] : OF_GROUP[file];
}

static int open_file(enum file file, int flags)
{
	const char *name = name_of(file);
	if (name[0] != '/')
		return group_open_confined(name, flags);
	int fd = open(name, flags | O_CLOEXEC);
	return fd < 0 ? failed("open %s", name) : fd;
}

int inputs_open(int64_t group_limit_kb)
{
	limit_kb = group_limit_kb;
	for (int file = 0; file < FILE_COUNT; file++) {
		if (name_of((enum file)file) == NULL)
			continue;
		fds[file] = open_file((enum file)file, O_RDONLY);
		if (fds[file] < 0) {
			inputs_close();
			return -1;
		}
	}
	return 0;
}

int inputs_open_pressure(void)
{
	return open_file(PRESSURE, O_RDWR | O_NONBLOCK);
}

// 0, or -1 with errno.
static int read_again(enum file file, char *buffer, size_t size)
{
	size_t used = 0;
	while (used < size - 1) {
		ssize_t length = pread(fds[file], buffer + used, size - 1 - used, (off_t)used);
		if (length < 0 && errno != EINTR)
			return -1;
		if (length == 0)
			break;
		used += length > 0 ? (size_t)length : 0;
	}
	buffer[used] = '\0';
	return 0;
}

static const char *read_file(enum file file)
{
	if (read_again(file, content, sizeof(content)) == 0)
		return content;
	failed("read %s", name_of(file));
	return NULL;
}

// The sum of all counters with that prefix; a prefix that ends with a space matches a whole name.
static int64_t sum_of(const char *text, const char *beginning)
{
	int64_t sum = 0;
	size_t length = strlen(beginning);
	for (const char *line = text; line != NULL && *line != '\0'; line = strchr(line, '\n')) {
		line += *line == '\n';
		const char *value = strncmp(line, beginning, length) == 0 ? strchr(line, ' ') : NULL;
		if (value != NULL)
			sum += strtoll(value, NULL, 10);
	}
	return sum;
}

static void take_group_stat(const char *stat, struct lmkd_inputs *inputs)
{
	int64_t page_bytes = inputs->page_kb * KB;
	struct meminfo *meminfo = &inputs->meminfo;
	meminfo->mem_free = inputs_free_kb();
	meminfo->buffers = meminfo->swap_cached = meminfo->cma_free = 0;
	meminfo->cached = sum_of(stat, "file ") / KB;
	meminfo->shmem = sum_of(stat, "shmem ") / KB;
	meminfo->active_anon = sum_of(stat, "active_anon ") / KB;
	meminfo->inactive_anon = sum_of(stat, "inactive_anon ") / KB;
	meminfo->active_file = sum_of(stat, "active_file ") / KB;
	meminfo->inactive_file = sum_of(stat, "inactive_file ") / KB;
	inputs->vmstat = (struct vmstat){
		.nr_inactive_file = sum_of(stat, "inactive_file ") / page_bytes,
		.nr_active_file = sum_of(stat, "active_file ") / page_bytes,
		.workingset_refault_file = sum_of(stat, "workingset_refault_file "),
		.pgscan_kswapd = sum_of(stat, "pgscan_kswapd "),
		.pgscan_direct = sum_of(stat, "pgscan_direct "),
		.pgrefill = sum_of(stat, "pgrefill "),
	};
}

static int take_memory(struct lmkd_inputs *inputs)
{
	const char *text;
	if ((text = read_file(MEMINFO)) == NULL || meminfo_parse(text, &inputs->meminfo) < 0)
		return -1;
	if ((text = read_file(VMSTAT)) == NULL)
		return -1;
	if (limit_kb == 0)
		return vmstat_parse(text, &inputs->vmstat);
	take_group_stat(text, inputs);
	return 0;
}

int inputs_read(struct lmkd_inputs *inputs)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC_COARSE, &now); // lmkd's clock
	inputs->now_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / NS_PER_MS;
	inputs->page_kb = sysconf(_SC_PAGESIZE) / KB;
	if (take_memory(inputs) < 0)
		return -1;
	const char *text = read_file(PRESSURE);
	return text == NULL ? -1 : pressure_parse(text, &inputs->pressure);
}

static int64_t square_root(int64_t square)
{
	int64_t root = 0;
	while ((root + 1) * (root + 1) <= square)
		root++;
	return root;
}

int inputs_read_watermarks(struct watermarks *watermarks)
{
	if (limit_kb > 0) {
		int64_t min_kb = square_root(limit_kb * 16);
		*watermarks = (struct watermarks){ min_kb, min_kb + min_kb / 4, min_kb + min_kb / 2 };
		return 0;
	}
	const char *text = read_file(ZONEINFO);
	return text == NULL ? -1 : watermarks_parse(text, sysconf(_SC_PAGESIZE) / KB, watermarks);
}

// Counts direct reclaims; a cgroup counts the charges that hit its limit.
static int count_stalls(const char *vmstat, struct memory_totals *totals)
{
	if (limit_kb == 0) {
		totals->direct_stalls = sum_of(vmstat, "allocstall");
		totals->oom_kills = sum_of(vmstat, "oom_kill ");
		return 0;
	}
	const char *events = read_file(GROUP_EVENTS);
	if (events == NULL)
		return -1;
	totals->direct_stalls = sum_of(events, "max ");
	totals->oom_kills = sum_of(events, "oom_kill ");
	return 0;
}

int inputs_read_totals(struct memory_totals *totals)
{
	const char *text = read_file(VMSTAT);
	if (text == NULL)
		return -1;
	totals->refaults_anon = sum_of(text, "workingset_refault_anon ");
	totals->refaults_file = sum_of(text, "workingset_refault_file ");
	totals->swapped_in = sum_of(text, "pswpin ");
	totals->swapped_out = sum_of(text, "pswpout ");
	if (count_stalls(text, totals) < 0 || (text = read_file(PRESSURE)) == NULL)
		return -1;
	return pressure_parse(text, &totals->pressure);
}

int64_t inputs_free_kb(void)
{
	char text[FREE_BUFFER];
	struct meminfo meminfo;
	if (limit_kb > 0) {
		int64_t used_bytes = read_number_at(fds[FREE]);
		return used_bytes < 0 ? -1 : limit_kb - used_bytes / KB;
	}
	if (read_again(FREE, text, sizeof(text)) < 0 || meminfo_parse(text, &meminfo) < 0)
		return -1;
	return meminfo.mem_free - meminfo.cma_free;
}

void inputs_close(void)
{
	for (int file = 0; file < FILE_COUNT; file++) {
		if (fds[file] >= 0)
			close(fds[file]);
		fds[file] = -1;
	}
}
