// What is told to the host, a JSON line each (lib/wire.h). Each gives 0, or -1 with failed(): nobody listens.
#pragma once

#include "connection.h"

// The packet, whatever it is.
int answer_packet(const struct arrival *arrival);
int answer_count(int32_t min_adj, int32_t max_adj, int32_t count);
int answer_done(const char *command);
// error: an errno, or 0.
int answer_error(const char *call, int error, const char *reason);
