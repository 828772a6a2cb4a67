// What the app was asked to be.
#pragma once

#include <stdint.h>

#include "shapes/shape.h"

struct workload {
	char package[128];
	char folder[512]; // the app's own, for shapes that are made of a file
	char shape[32];
	int32_t size_kb;
	int32_t threads;  // that it starts, the one that fills the memory included
	int32_t touch_ms; // 0: never reads its memory again
};

// Whether it can be done at all: 0, or -1 with failed().
int workload_check(const struct workload *workload);
// Becomes it, says so in the log, and never returns; or says in the log why not, and returns.
void workload_run(const struct workload *workload);
// Writes the line that says why not.
void workload_log_failure(const struct workload *workload);
