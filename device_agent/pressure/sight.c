// The kernel's files, kept open and read anew each time.
#include "sight.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "failure.h"

enum { FREE_BUFFER = 4096, KB = 1024 };

enum file { MEMINFO, VMSTAT, PRESSURE, ZONEINFO, FREE_MEMINFO, FILE_COUNT };

static const char *const PATHS[FILE_COUNT] = {
	[MEMINFO] = "/proc/meminfo", [VMSTAT] = "/proc/vmstat",	      [PRESSURE] = PRESSURE_FILE,
	[ZONEINFO] = "/proc/zoneinfo", [FREE_MEMINFO] = "/proc/meminfo",
};

static int fds[FILE_COUNT] = { -1, -1, -1, -1, -1 };
static char content[64 * KB]; // of the main thread; a zoneinfo of many zones and CPUs is the longest

static int open_file(enum file file)
{
	fds[file] = open(PATHS[file], O_RDONLY | O_CLOEXEC);
	return fds[file] < 0 ? failed("open %s", PATHS[file]) : 0;
}

int sight_open(void)
{
	for (int file = 0; file < FILE_COUNT; file++) {
		if (open_file((enum file)file) < 0) {
			sight_close();
			return -1;
		}
	}
	return 0;
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
	failed("read %s", PATHS[file]);
	return NULL;
}

int sight_take(struct lmkd_sight *sight)
{
	const char *text;
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC_COARSE, &now); // lmkd's clock
	sight->now_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / NS_PER_MS;
	sight->page_kb = sysconf(_SC_PAGESIZE) / KB;
	if ((text = read_file(VMSTAT)) == NULL || vmstat_parse(text, &sight->vmstat) < 0)
		return -1;
	if ((text = read_file(MEMINFO)) == NULL || meminfo_parse(text, &sight->meminfo) < 0)
		return -1;
	if ((text = read_file(PRESSURE)) == NULL || pressure_parse(text, &sight->pressure) < 0)
		return -1;
	return 0;
}

int sight_watermarks(struct watermarks *watermarks)
{
	const char *text = read_file(ZONEINFO);
	return text == NULL ? -1 : watermarks_parse(text, sysconf(_SC_PAGESIZE) / KB, watermarks);
}

// The sum of all counters of /proc/vmstat whose names begin so.
static int64_t sum_of(const char *vmstat, const char *beginning)
{
	int64_t sum = 0;
	size_t length = strlen(beginning);
	for (const char *line = vmstat; line != NULL && *line != '\0'; line = strchr(line, '\n')) {
		line += *line == '\n';
		const char *value = strncmp(line, beginning, length) == 0 ? strchr(line, ' ') : NULL;
		if (value != NULL)
			sum += strtoll(value, NULL, 10);
	}
	return sum;
}

int sight_totals(struct memory_totals *totals)
{
	const char *text = read_file(VMSTAT);
	if (text == NULL)
		return -1;
	totals->direct_stalls = sum_of(text, "allocstall");
	totals->refaults_anon = sum_of(text, "workingset_refault_anon ");
	totals->refaults_file = sum_of(text, "workingset_refault_file ");
	totals->swapped_in = sum_of(text, "pswpin ");
	totals->swapped_out = sum_of(text, "pswpout ");
	totals->oom_kills = sum_of(text, "oom_kill ");
	if ((text = read_file(PRESSURE)) == NULL)
		return -1;
	return pressure_parse(text, &totals->pressure);
}

int64_t sight_free_kb(void)
{
	char text[FREE_BUFFER];
	struct meminfo meminfo;
	if (read_again(FREE_MEMINFO, text, sizeof(text)) < 0 || meminfo_parse(text, &meminfo) < 0)
		return -1;
	return meminfo.mem_free - meminfo.cma_free;
}

void sight_close(void)
{
	for (int file = 0; file < FILE_COUNT; file++) {
		if (fds[file] >= 0)
			close(fds[file]);
		fds[file] = -1;
	}
}
