// Parses commands by a table. Every number has bounds, so that lmkd receives only valid packets.
#include "command.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "failure.h"

enum {
	ADJ_MIN = -1000, // include/uapi/linux/oom.h
	ADJ_MAX = 1000,
	ANY_ADJ = 1001, // above ADJ_MAX, lmkd counts every kill
};

struct number {
	int32_t min, max;
};

#define PID { 1, INT32_MAX }
#define UID { 0, INT32_MAX }
#define ADJ { ADJ_MIN, ADJ_MAX }
#define TYPE { 0, 1 } // lmkd.h enum proc_type: app, service
#define COUNTED { ADJ_MIN, ANY_ADJ }

static const struct {
	const char *name;
	int32_t command;      // 0: sends nothing
	const char *argument; // the only argument, a word; sent as `value`
	int32_t value;
	size_t least, most; // numbers
	struct number numbers[PACKET_MAX_WORDS - 1];
} COMMANDS[] = {
	{ "register", LMK_PROCPRIO, NULL, 0, 3, 4, { PID, UID, ADJ, TYPE } },
	{ "remove", LMK_PROCREMOVE, NULL, 0, 1, 1, { PID } },
	{ "count", LMK_GETKILLCNT, NULL, 0, 2, 2, { COUNTED, COUNTED } },
	{ "update-props", LMK_UPDATE_PROPS, NULL, 0, 0, 0, { { 0, 0 } } },
	{ "subscribe", LMK_SUBSCRIBE, "kill", 0, 0, 0, { { 0, 0 } } }, // lmkd.h enum async_event_type
	{ "subscribe", LMK_SUBSCRIBE, "stat", 1, 0, 0, { { 0, 0 } } },
	{ "watch", 0, NULL, 0, 0, 0, { { 0, 0 } } },
};

static bool parse_number(const char **text, const struct number *bounds, int32_t *number)
{
	char *end;
	errno = 0;
	long value = strtol(*text, &end, 10);
	if (end == *text || errno != 0 || value < bounds->min || value > bounds->max)
		return false;
	*text = end;
	*number = (int32_t)value;
	return true;
}

static bool parse_numbers(const char *text, size_t row, struct command *command)
{
	size_t number_count = 0;
	while (*text == ':' && number_count < COMMANDS[row].most) {
		text++;
		if (!parse_number(&text, &COMMANDS[row].numbers[number_count], &command->words[command->count]))
			return false;
		command->count++;
		number_count++;
	}
	return *text == '\0' && number_count >= COMMANDS[row].least;
}

static bool parse_rest(const char *text, size_t row, struct command *command)
{
	*command = (struct command){ .name = COMMANDS[row].name };
	if (COMMANDS[row].command != 0)
		command->words[command->count++] = COMMANDS[row].command;
	if (COMMANDS[row].argument == NULL)
		return parse_numbers(text, row, command);
	command->words[command->count++] = COMMANDS[row].value;
	return *text == ':' && strcmp(text + 1, COMMANDS[row].argument) == 0;
}

int command_parse(const char *text, struct command *command)
{
	size_t length = strcspn(text, ":");
	for (size_t row = 0; row < sizeof(COMMANDS) / sizeof(COMMANDS[0]); row++) {
		if (strlen(COMMANDS[row].name) != length || memcmp(COMMANDS[row].name, text, length) != 0)
			continue;
		if (parse_rest(text + length, row, command))
			return 0;
	}
	return refused("unknown command, or wrong numbers: \"%s\"", text);
}
