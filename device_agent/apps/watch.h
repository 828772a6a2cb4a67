// The course of the device's free memory, sampled until told to end.
#pragma once

#include <stdint.h>

struct watch_plan {
	int64_t idle_ns;  // watched before the line "watching" is told: how much it moves by itself
	int64_t limit_ns; // watched at most
};

// Parses words such as idle_ms=300, which it cuts up. 0, or -1 with failed().
int watch_plan_parse(char *words, struct watch_plan *plan);
// Tells "watching" after idle_ms, and the samples at the end: at SIGTERM, or after limit_ms.
// 0, or -1 with failed().
int watch_carry_out(const struct watch_plan *plan);
