// The commands of the command line: words such as "register:PID:UID:ADJ", as packets for lmkd.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "packet.h"

struct command {
	const char *name;
	int32_t words[PACKET_MAX_WORDS]; // the packet; of `watch`, which sends nothing, there are none
	size_t count;
};

// 0, or -1 with failed().
int command_parse(const char *text, struct command *command);
