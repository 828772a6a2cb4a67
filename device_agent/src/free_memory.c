// Sums up /proc/zoneinfo (mm/vmstat.c, zoneinfo_show_print): each zone's "pages free" and its CPUs' "count:".
#include "free_memory.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lines.h"

// The number behind the key, or 0 when the line is another's.
static int64_t number_behind(const char *line, const char *key)
{
	line += strspn(line, " ");
	size_t length = strlen(key);
	return strncmp(line, key, length) == 0 ? strtoll(line + length, NULL, 10) : 0;
}

int64_t free_memory_kb(void)
{
	struct lines lines;
	char *line;
	int64_t pages = 0;
	int more;
	if (lines_open(&lines, "/proc/zoneinfo") < 0)
		return -1;
	while ((more = lines_next(&lines, &line)) > 0)
		pages += number_behind(line, "pages free") + number_behind(line, "count:");
	lines_close(&lines);
	return more < 0 || pages == 0 ? -1 : pages * (sysconf(_SC_PAGESIZE) / 1024);
}
