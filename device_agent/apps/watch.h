// Samples the free memory of the device until a signal or a time limit.
#pragma once

#include <stdint.h>

struct watch_plan {
	int64_t idle_ns;  // before the line "watching": the noise of free memory
	int64_t limit_ns; // the time limit
};

// Parses words such as idle_ms=300; modifies them. 0, or -1 with failed().
int watch_plan_parse(char *words, struct watch_plan *plan);
// Prints "watching" after idle_ms, and the samples at the end: at SIGTERM, or after limit_ms. 0, or -1 with failed().
int watch_carry_out(const struct watch_plan *plan);
