// Runs all cases and judges them, for a kselftest run or a CI: the output is KTAP, version 1
// (Documentation/dev-tools/ktap.rst of the kernel).
#pragma once

#include <stdbool.h>

// may_risk: also runs the cases that put the whole machine at risk. Returns the exit status, as kselftest.h defines it:
// 0 all that ran passed, 1 one failed, 4 nothing could run.
int tap_run(bool may_risk);
