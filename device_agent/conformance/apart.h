// Runs a case in a process of its own, so that a case that fails or hangs does not end the others.
#pragma once

#include "case.h"

enum { APART_TEXT_SIZE = 2048, APART_HUNG = -1 };

struct apart {
	int status; // exit status of the case; 128 + signal; APART_HUNG: killed because it did not end in time
	char text[APART_TEXT_SIZE]; // all that it printed
};

void run_apart(const struct conformance_case *chosen, unsigned int flags, struct apart *result);
