// The answers required of each kernel variant, and the cases that do not run everywhere. answers.c is generated.
#pragma once

// Rows of the same case and flags follow each other. Several rows of a variant are alternatives; a case without a row
// of the variant must not run on it.
struct required_answer {
	const char *case_name; // NULL: the end of the table
	unsigned int flags;
	const char *variants; // separated by spaces
	const char *answer;   // the lines of the case, separated by spaces
};

struct condition {
	const char *case_name; // NULL: the end of the table
	const char *reason;
};

extern const struct required_answer required_answers[];
extern const struct condition needs_root[]; // cases that only root can produce
extern const struct condition risky[];      // cases that put the whole machine at risk
