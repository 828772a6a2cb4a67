// Parses lines of "key=value" words. A table lists the keys: each must appear exactly once, and every number has
// bounds.
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { FIELDS_MAX = 24 };

struct field {
	const char *name;
	int64_t min, max; // of a number
	int64_t unit;     // a number is stored multiplied by this
	size_t offset;    // of an int64_t in the target, or of the object that choose() sets
	// NULL: a number. Otherwise sets the object at `at` to the entry of that name: 0, or -1: there is none.
	int (*choose)(void *at, const char *text);
};

// The word `name`, stored in `member` of the target: an int64_t, the same converted to a smaller unit, or a choice.
#define FIELD_NUMBER(type, name, member, least, most) FIELD_SCALED(type, name, member, least, most, 1)
#define FIELD_SCALED(type, name, member, least, most, unit) { #name, least, most, unit, offsetof(type, member), NULL }
#define FIELD_CHOICE(type, name, member, chooser) { #name, 0, 0, 1, offsetof(type, member), chooser }

// Parses the rest of a line into the target and modifies the line. 0, or -1 with failed(), which names the wrong word.
int fields_parse(char *line, const struct field *fields, size_t count, void *target);
