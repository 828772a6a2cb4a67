// The workload that the Intent asks for.
#pragma once

#include <stdint.h>

#include "shapes/shape.h"

struct workload {
	char package[128];
	char folder[512]; // the app's own, for shapes with a file
	char shape[32];
	int32_t size_kb;
	int32_t threads;  // including the thread that fills the memory
	int32_t touch_ms; // 0: never reads its memory again
};

// Whether the workload is valid: 0, or -1 with failed().
int workload_check(const struct workload *workload);
// Runs the workload, logs that it is ready, and never returns; or logs the failure and returns.
void workload_run(const struct workload *workload);
// Logs the failure.
void workload_log_failure(const struct workload *workload);
