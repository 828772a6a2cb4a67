// Sums /proc/zoneinfo (mm/vmstat.c, zoneinfo_show_print): each zone's "pages free" and the "count:" of each CPU.
// The file stays open, because the kernel keeps its buffer; for a new file it must enlarge the buffer several times.
#include "free_memory.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lines.h"

static struct lines zones; // the descriptor is 0 while the file is not open

// The number after the key, or 0 if the line has another key.
static int64_t number_behind(const char *line, const char *key)
{
	line += strspn(line, " ");
	size_t length = strlen(key);
	return strncmp(line, key, length) == 0 ? strtoll(line + length, NULL, 10) : 0;
}

static int begin(void)
{
	if (zones.fd <= 0)
		return lines_open(&zones, "/proc/zoneinfo");
	zones.start = zones.end = 0;
	return lseek(zones.fd, 0, SEEK_SET) < 0 ? -1 : 0;
}

int64_t free_memory_kb(void)
{
	char *line;
	int64_t pages = 0;
	int more;
	if (begin() < 0)
		return -1;
	while ((more = lines_next(&zones, &line)) > 0)
		pages += number_behind(line, "pages free") + number_behind(line, "count:");
	return more < 0 || pages == 0 ? -1 : pages * (sysconf(_SC_PAGESIZE) / 1024);
}
