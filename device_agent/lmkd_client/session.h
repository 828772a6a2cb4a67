// Obeys commands, one after the other, over one connection to lmkd.
#pragma once

#include "command.h"

// Exit statuses; 2 is wrong usage.
enum outcome { OUTCOME_DONE = 0, OUTCOME_FAILED = 1, OUTCOME_CLOSED = 3 };

struct session {
	int fd;
	int64_t timeout_ns; // for each answer of lmkd
};

// OUTCOME_DONE, or else an "lmkd_error" line has told why.
enum outcome session_obey(const struct session *session, const struct command *command);
