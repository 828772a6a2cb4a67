// Runs commands, one after the other, over one connection to lmkd.
#pragma once

#include "command.h"

// Exit statuses; 2 is wrong usage.
enum outcome { OUTCOME_DONE = 0, OUTCOME_FAILED = 1, OUTCOME_CLOSED = 3 };

struct session {
	int fd;
	int64_t timeout_ns; // per answer of lmkd
};

// OUTCOME_DONE, otherwise an "lmkd_error" line has given the reason.
enum outcome session_run(const struct session *session, const struct command *command);
