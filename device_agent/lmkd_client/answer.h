// Writes the answers to the host, one JSON line each (lib/wire.h). Each function returns 0, or -1 with failed(): the
// host is gone.
#pragma once

#include "connection.h"

// A packet of any kind.
int answer_packet(const struct arrival *arrival);
int answer_count(int32_t min_adj, int32_t max_adj, int32_t count);
int answer_done(const char *command);
// error: an errno, or 0.
int answer_error(const char *call, int error, const char *reason);
