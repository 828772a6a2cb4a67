// Parses the commands of the command line, such as "register:PID:UID:ADJ", into packets for lmkd.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "packet.h"

struct command {
	const char *name;
	int32_t words[PACKET_MAX_WORDS]; // the packet; none for `watch`, which sends nothing
	size_t count;
};

// 0, or -1 with failed().
int command_parse(const char *text, struct command *command);
