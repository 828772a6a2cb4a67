// Lines of words "key=value" whose keys a table names: each must be there once, every number is bounded.
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { FIELDS_MAX = 24 };

struct field {
	const char *name;
	int64_t min, max; // of a number
	size_t offset;    // of an int64_t in the target, or of what choose() sets
	// NULL: a number. Else sets `at` to what the text names: 0, or -1: nothing is called so.
	int (*choose)(void *at, const char *text);
};

// Of a number, or a choice, that lies in the target's member of the same name.
#define FIELD_NUMBER(type, member, least, most) { #member, least, most, offsetof(type, member), NULL }
#define FIELD_CHOICE(type, member, chooser) { #member, 0, 0, offsetof(type, member), chooser }

// Parses the rest of a line, which it cuts up, into the target. 0, or -1 with failed(): which word is wrong.
int fields_parse(char *line, const struct field *fields, size_t count, void *target);
