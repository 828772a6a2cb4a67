// Parses the files. The text comes from the kernel but is not trusted: numbers are bounded, lines may be truncated.
#include "parse.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "failure.h"

static const int64_t LIMIT = INT64_C(1) << 53; // beyond any page, kB or event count; sums cannot overflow

static bool is_space(char character)
{
	return character == ' ' || character == '\t';
}

static bool is_digit(char character)
{
	return character >= '0' && character <= '9';
}

static const char *skip_spaces(const char *at)
{
	while (is_space(*at))
		at++;
	return at;
}

static const char *next_line(const char *at)
{
	const char *end = strchr(at, '\n');
	return end == NULL ? at + strlen(at) : end + 1;
}

// A number from 0 up, capped at the limit. The end of the number, or NULL: there is none.
static const char *parse_number(const char *at, int64_t *number)
{
	at = skip_spaces(at);
	if (!is_digit(*at))
		return NULL;
	for (*number = 0; is_digit(*at); at++)
		*number = *number < LIMIT ? *number * 10 + (*at - '0') : LIMIT;
	if (*number > LIMIT)
		*number = LIMIT;
	return at;
}

// A line "<key><separator> <number>..." to parse.
struct wanted_line {
	const char *key;
	size_t offset; // of the int64_t in the target
	bool required;
	bool parsed;
};

// The start of the value if the line has that key, or NULL.
static const char *match_key(const char *line, const char *key, char separator)
{
	size_t length = strlen(key);
	if (strncmp(line, key, length) != 0 || line[length] != separator)
		return NULL;
	return line + length + 1;
}

static void parse_line(const char *line, char separator, struct wanted_line *lines, size_t count, void *target)
{
	for (size_t i = 0; i < count; i++) {
		const char *value = lines[i].parsed ? NULL : match_key(line, lines[i].key, separator);
		if (value == NULL)
			continue;
		lines[i].parsed = parse_number(value, (int64_t *)((char *)target + lines[i].offset)) != NULL;
		return;
	}
}

static int parse_keyed(const char *text, const char *file, char separator, struct wanted_line *lines, size_t count,
		       void *target)
{
	for (const char *line = text; *line != '\0'; line = next_line(line))
		parse_line(line, separator, lines, count, target);
	for (size_t i = 0; i < count; i++)
		if (lines[i].required && !lines[i].parsed)
			return refused("%s has no %s", file, lines[i].key);
	return 0;
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MEMINFO(key, member) { key, offsetof(struct meminfo, member), true, false }

int meminfo_parse(const char *text, struct meminfo *meminfo)
{
	struct wanted_line lines[] = {
		MEMINFO("MemFree", mem_free),
		MEMINFO("Buffers", buffers),
		MEMINFO("Cached", cached),
		MEMINFO("SwapCached", swap_cached),
		MEMINFO("Shmem", shmem),
		MEMINFO("SwapTotal", swap_total),
		MEMINFO("SwapFree", swap_free),
		MEMINFO("Active(anon)", active_anon),
		MEMINFO("Inactive(anon)", inactive_anon),
		MEMINFO("Active(file)", active_file),
		MEMINFO("Inactive(file)", inactive_file),
		{ "CmaFree", offsetof(struct meminfo, cma_free), false, false },
	};
	memset(meminfo, 0, sizeof(*meminfo));
	return parse_keyed(text, "/proc/meminfo", ':', lines, COUNT(lines), meminfo);
}

#define VMSTAT(member) { #member, offsetof(struct vmstat, member), true, false }

int vmstat_parse(const char *text, struct vmstat *vmstat)
{
	struct wanted_line lines[] = {
		VMSTAT(nr_inactive_file),
		VMSTAT(nr_active_file),
		VMSTAT(pgscan_kswapd),
		VMSTAT(pgscan_direct),
		VMSTAT(pgrefill),
		{ "workingset_refault_file", offsetof(struct vmstat, workingset_refault_file), false, false },
	};
	struct wanted_line before_5_9 = {
		"workingset_refault", offsetof(struct vmstat, workingset_refault_file), true, false
	};
	memset(vmstat, 0, sizeof(*vmstat));
	if (parse_keyed(text, "/proc/vmstat", ' ', lines, COUNT(lines), vmstat) < 0)
		return -1;
	if (lines[COUNT(lines) - 1].parsed)
		return 0;
	return parse_keyed(text, "/proc/vmstat", ' ', &before_5_9, 1, vmstat);
}

// One zone's part of /proc/zoneinfo, in pages.
struct zone {
	int64_t min, low, high, present, max_protection;
};

static bool begins_zone(const char *line)
{
	return strncmp(line, "Node ", 5) == 0 && strstr(line, "zone") != NULL;
}

// "        protection: (0, 933, 933)": the largest number.
static int64_t parse_protection(const char *at)
{
	int64_t largest = 0;
	for (; *at != '\0' && *at != '\n' && *at != ')'; at++) {
		int64_t number;
		const char *end = is_digit(*at) ? parse_number(at, &number) : NULL;
		if (end == NULL)
			continue;
		largest = number > largest ? number : largest;
		at = end - 1;
	}
	return largest;
}

// The first number after a word at the start of the line; the value is unchanged if the line has another word.
static void take_word(const char *line, const char *word, int64_t *value)
{
	const char *at = skip_spaces(line);
	size_t length = strlen(word);
	int64_t number;
	if (strncmp(at, word, length) == 0 && is_space(at[length]) && parse_number(at + length, &number) != NULL)
		*value = number;
}

static void take_zone_line(const char *line, struct zone *zone)
{
	const char *protection = "protection:";
	const char *at = skip_spaces(line);
	take_word(line, "min", &zone->min);
	take_word(line, "low", &zone->low);
	take_word(line, "high", &zone->high);
	take_word(line, "present", &zone->present);
	if (strncmp(at, protection, strlen(protection)) == 0)
		zone->max_protection = parse_protection(at + strlen(protection));
}

// A zone's watermarks stand before its "pagesets", whose lines have a "high" of their own.
static const char *parse_zone(const char *line, struct zone *zone)
{
	memset(zone, 0, sizeof(*zone));
	line = next_line(line);
	bool counts = true;
	for (; *line != '\0' && strncmp(line, "Node ", 5) != 0; line = next_line(line)) {
		counts = counts && strncmp(skip_spaces(line), "pagesets", 8) != 0;
		if (counts)
			take_zone_line(line, zone);
	}
	return line;
}

static void add_zone(struct watermarks *pages, const struct zone *zone)
{
	if (zone->present == 0)
		return;
	pages->min += zone->max_protection + zone->min;
	pages->low += zone->max_protection + zone->low;
	pages->high += zone->max_protection + zone->high;
}

int watermarks_parse(const char *zoneinfo, int64_t page_kb, struct watermarks *watermarks)
{
	struct watermarks pages = { 0, 0, 0 };
	struct zone zone;
	for (const char *line = zoneinfo; *line != '\0';) {
		if (!begins_zone(line)) {
			line = next_line(line);
			continue;
		}
		line = parse_zone(line, &zone);
		add_zone(&pages, &zone);
		if (pages.high > LIMIT)
			return refused("/proc/zoneinfo has watermarks beyond all memory");
	}
	if (pages.high == 0)
		return refused("/proc/zoneinfo has no watermarks");
	*watermarks = (struct watermarks){ pages.min * page_kb, pages.low * page_kb, pages.high * page_kb };
	return 0;
}

// "avg10=1.23": hundredths.
static const char *parse_average(const char *at, int64_t *hundredths)
{
	const char *key = strstr(at, "avg10=");
	int64_t whole, fraction;
	if (key == NULL || (at = parse_number(key + strlen("avg10="), &whole)) == NULL || *at != '.')
		return NULL;
	if (!is_digit(at[1]) || !is_digit(at[2]))
		return NULL;
	fraction = (at[1] - '0') * 10 + (at[2] - '0');
	*hundredths = (whole < LIMIT / 100 ? whole : LIMIT / 100) * 100 + fraction;
	return at + 3;
}

static int parse_pressure_line(const char *text, const char *kind, int64_t *hundredths, int64_t *total_us)
{
	const char *line = text;
	while (*line != '\0' && match_key(line, kind, ' ') == NULL)
		line = next_line(line);
	const char *total = *line == '\0' ? NULL : parse_average(line, hundredths);
	total = total == NULL ? NULL : strstr(total, "total=");
	if (total == NULL || total >= next_line(line) || parse_number(total + strlen("total="), total_us) == NULL)
		return refused("the pressure file has no valid \"%s\" line", kind);
	return 0;
}

int pressure_parse(const char *text, struct pressure *pressure)
{
	if (parse_pressure_line(text, "some", &pressure->some_avg10_pct100, &pressure->some_total_us) < 0)
		return -1;
	return parse_pressure_line(text, "full", &pressure->full_avg10_pct100, &pressure->full_total_us);
}
