// Runs all cases and judges them, for a kselftest run or a CI: the output is KTAP, version 1
// (Documentation/dev-tools/ktap.rst of the kernel).
#pragma once

#include <stdbool.h>

struct tap_options {
	bool may_risk;       // also runs the cases that put the whole machine at risk
	const char *variant; // judges by the answers of this variant; NULL: of the detected one
};

// Returns the exit status, as kselftest.h defines it: 0 all that ran passed, 1 one failed, 4 nothing could run.
int tap_run(const struct tap_options *options);
