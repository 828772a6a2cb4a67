// A case: brings processes into a state, makes one process_mrelease(2) call, and reports the result. Reports are
// lines of the form key=value on stdout.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "registry.h"
#include "sys.h"

enum { IMPOSSIBLE = 4 }; // as kselftest.h's KSFT_SKIP

struct conformance_case {
	const char *name;
	void (*run)(unsigned int flags); // the flags for process_mrelease(2)
};

// Makes the case `function` known to main.c under the name `text`.
#define CASE(function, text)                                                                                     \
	static const struct conformance_case function##_entry = { .name = text, .run = function };               \
	REGISTER(lmkd_cases, struct conformance_case, function##_entry)

// Ends the program with exit status 1 after printing what failed and errno's text to stderr. The processes that
// it started die with it.
_Noreturn void die(const char *action);
// The same for a function that has called failed().
_Noreturn void die_failed(void);
// The same with exit status IMPOSSIBLE: this device lacks what the case needs.
_Noreturn void die_impossible(void);

// Calls process_mrelease(2): "0", or the name of its errno.
const char *mrelease(int pidfd, unsigned int flags);

void report(const char *key, const char *value);
void report_count(const char *key, long count);
